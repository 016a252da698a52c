// The name inside is not the file's.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("real_name", "1.0.0", "bad on purpose", no_options, make_harmless);

// The name in the descriptor is not the name of the file.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("real_name", "1.0.0", "bad on purpose", no_options, make_harmless);

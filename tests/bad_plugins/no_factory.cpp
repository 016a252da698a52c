// The factory is a null pointer.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("no_factory", "1.0.0", "bad on purpose", no_options, nullptr);

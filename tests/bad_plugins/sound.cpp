// No fault: the test copies the file, truncates it and gives it wrong permissions.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("sound", "1.0.0", "good", no_options, make_harmless);

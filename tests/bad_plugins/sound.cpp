// No fault: what the test copies, cuts and gives wrong permissions.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("sound", "1.0.0", "good", no_options, make_harmless);

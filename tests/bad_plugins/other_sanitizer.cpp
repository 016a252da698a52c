// Built with a sanitizer that the host does not have: AddressSanitizer, or ThreadSanitizer if the host has that one.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("other_sanitizer", "1.0.0", "bad on purpose", no_options, make_harmless);

// Built with a sanitizer that the host has not: AddressSanitizer, or where the host has that one, ThreadSanitizer.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("other_sanitizer", "1.0.0", "bad on purpose", no_options, make_harmless);

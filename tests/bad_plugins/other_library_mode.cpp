// Built with _GLIBCXX_DEBUG, or without it if the host has it: its vectors have another layout.
#include "harmless_provider.h"

EMBEDQ_PROVIDER("other_library_mode", "1.0.0", "bad on purpose", no_options, make_harmless);

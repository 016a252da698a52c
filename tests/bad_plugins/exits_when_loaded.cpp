// A global object whose constructor calls exit().
#include <cstdlib>

#include "harmless_provider.h"

namespace {
struct Leaver {
    Leaver() { std::exit(0); }
} const leaver;
}  // namespace

EMBEDQ_PROVIDER("exits_when_loaded", "1.0.0", "bad on purpose", no_options, make_harmless);

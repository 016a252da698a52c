// A global object whose constructor throws: no exception can leave the dynamic loader, so the process ends.
#include <stdexcept>

#include "harmless_provider.h"

namespace {
struct Licence {
    Licence() { throw std::runtime_error("no licence found"); }
} const licence;
}  // namespace

EMBEDQ_PROVIDER("throws_when_loaded", "1.0.0", "bad on purpose", no_options, make_harmless);

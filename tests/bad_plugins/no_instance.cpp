// The factory returns a null pointer instead of an instance or an error.
#include "harmless_provider.h"

namespace {
embedq::Result<std::unique_ptr<embedq::Provider>> make(const embedq::Options&, embedq::Context&) {
    return nullptr;
}
}  // namespace

EMBEDQ_PROVIDER("no_instance", "1.0.0", "bad on purpose", no_options, make);

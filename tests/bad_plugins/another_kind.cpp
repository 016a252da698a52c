// A notifier in a file whose name says provider.
#include "embedq/notifier.h"

#include "harmless_provider.h"

namespace {
embedq::Result<std::unique_ptr<embedq::Notifier>> make(const embedq::Options&, embedq::Context&) {
    return nullptr;
}
}  // namespace

EMBEDQ_NOTIFIER("another_kind", "1.0.0", "bad on purpose", no_options, make);

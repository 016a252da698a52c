// Says provider, and makes notifiers, too.
#include "embedq/notifier.h"

#include "harmless_provider.h"

namespace {

embedq::Result<std::unique_ptr<embedq::Notifier>> make(const embedq::Options&, embedq::Context&) {
    return nullptr;
}

constexpr embedq::PluginDescriptor spoilt() {
    auto descriptor = harmless("two_factories");
    descriptor.make_notifier = make;
    return descriptor;
}

}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = spoilt();

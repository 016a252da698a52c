// A provider that also has a factory for notifiers.
#include "embedq/notifier.h"

#include "harmless_provider.h"

namespace {

embedq::Result<std::unique_ptr<embedq::Notifier>> make(const embedq::Options&, embedq::Context&) {
    return nullptr;
}

constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("two_factories");
    descriptor.make_notifier = make;
    return descriptor;
}

}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

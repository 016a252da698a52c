// No build tag: a null pointer.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("no_tag");
    descriptor.build_tag = nullptr;
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

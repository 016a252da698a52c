// A size that leaves no room for the build tag.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor spoilt() {
    auto descriptor = harmless("tiny_descriptor");
    descriptor.struct_size = 4;
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = spoilt();

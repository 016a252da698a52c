// A size that is too small to contain the build tag.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("tiny_descriptor");
    descriptor.struct_size = 4;
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

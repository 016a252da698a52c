// Built against headers whose descriptor has one field less.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("small_descriptor");
    descriptor.struct_size -= sizeof(void*);
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

// Built against headers whose descriptor had one field less.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor spoilt() {
    auto descriptor = harmless("small_descriptor");
    descriptor.struct_size -= sizeof(void*);
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = spoilt();

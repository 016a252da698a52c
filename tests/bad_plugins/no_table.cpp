// Counts options, but has no table of them.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor spoilt() {
    auto descriptor = harmless("no_table");
    descriptor.options = nullptr;
    descriptor.option_count = 3;
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = spoilt();

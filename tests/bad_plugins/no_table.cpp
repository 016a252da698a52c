// Counts options, but has no option table.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("no_table");
    descriptor.options = nullptr;
    descriptor.option_count = 3;
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

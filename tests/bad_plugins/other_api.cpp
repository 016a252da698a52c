// Another API number under this API's symbol.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("other_api");
    descriptor.api = 7;
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

// A kind that this API does not have.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("unknown_kind");
    descriptor.kind = static_cast<embedq::PluginKind>(9);
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

// Built by another compiler, as its tag says.
#include "harmless_provider.h"

namespace {
constexpr embedq::PluginDescriptor changed() {
    auto descriptor = harmless("other_build");
    descriptor.build_tag = "g++-4 c++=201103 api=1";
    return descriptor;
}
}  // namespace

EMBEDQ_EXPORT_PLUGIN_ = changed();

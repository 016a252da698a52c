// The symbol is a function that returns a descriptor. The constructor would end the test: the type of the symbol must
// be enough to refuse the file.
#include "harmless_provider.h"

#include <cstdlib>

namespace {

struct Ender {
    Ender() { std::abort(); }
} const ender;

constexpr embedq::PluginDescriptor descriptor = harmless("function_symbol");

}  // namespace

extern "C" __attribute__((visibility("default"))) const embedq::PluginDescriptor* embedq_plugin_v1();
extern "C" const embedq::PluginDescriptor* embedq_plugin_v1() {
    return &descriptor;
}

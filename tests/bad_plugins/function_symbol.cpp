// The symbol is a function that gives a descriptor. Its constructor would end the test: the symbol's type must be
// enough to refuse it.
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

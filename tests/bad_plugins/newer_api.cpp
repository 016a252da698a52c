// A plugin for a later embedq. The constructor would end the test: the name of the symbol must be enough to refuse it.
#include <cstdlib>

namespace {
struct Ender {
    Ender() { std::abort(); }
} const ender;
}  // namespace

extern "C" __attribute__((visibility("default"))) const int embedq_plugin_v2;
extern "C" const int embedq_plugin_v2 = 2;

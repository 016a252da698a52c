// The symbol is smaller than a descriptor: reading one there would read past its end.
#include <cstdint>

extern "C" __attribute__((visibility("default"))) const std::uint32_t embedq_plugin_v1[2];
extern "C" const std::uint32_t embedq_plugin_v1[2] = {88, 1};

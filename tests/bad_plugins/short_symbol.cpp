// The symbol is smaller than a descriptor: reading one there would read past its end.
#include <cstdint>

// clang's AddressSanitizer would make it larger.
#if defined(__clang__)
#define AS_IT_IS __attribute__((no_sanitize("address")))
#else
#define AS_IT_IS
#endif

extern "C" __attribute__((visibility("default"))) AS_IT_IS const std::uint32_t embedq_plugin_v1[2];
extern "C" const std::uint32_t embedq_plugin_v1[2] = {88, 1};

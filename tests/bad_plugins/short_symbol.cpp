// The symbol is smaller than a descriptor: reading one there would read past its end.
#include <cstdint>

// clang's AddressSanitizer would enlarge the symbol.
#if defined(__clang__)
#define NOT_ENLARGED __attribute__((no_sanitize("address")))
#else
#define NOT_ENLARGED
#endif

extern "C" __attribute__((visibility("default"))) NOT_ENLARGED const std::uint32_t embedq_plugin_v1[2];
extern "C" const std::uint32_t embedq_plugin_v1[2] = {88, 1};

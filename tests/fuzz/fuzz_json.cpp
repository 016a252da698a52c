// Documents in JSON. What is taken for YAML is left to the other target, which would hide the JSON reader behind it.
#include "document.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string content = "{\"openapi\":\"3.0.0\"," + std::string(reinterpret_cast<const char*>(data), size);
    embedq::fuzz::examine(content);
    return 0;
}

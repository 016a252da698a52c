// Documents in JSON. YAML has a target of its own, since the YAML reader would hide the JSON reader.
#include "document.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string content = "{\"openapi\":\"3.0.0\"," + std::string(reinterpret_cast<const char*>(data), size);
    embedq::fuzz::examine(content);
    return 0;
}

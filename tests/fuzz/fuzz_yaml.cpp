// Documents of any form, most of them YAML.
#include "document.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    embedq::fuzz::examine({reinterpret_cast<const char*>(data), size});
    return 0;
}

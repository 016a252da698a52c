#include "cli/layout.h"

#include <system_error>

namespace embedq::cli {

Layout layout_of(const std::filesystem::path& program) {
    const std::filesystem::path prefix = program.parent_path().parent_path();
    return {prefix, prefix / "lib" / "embedq" / "plugins", prefix / "share" / "embedq" / "template",
            prefix / "lib" / "cmake" / "embedq", prefix / "bin" / "embedq-conformance"};
}

Layout own_layout() {
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? Layout{} : layout_of(program);
}

}  // namespace embedq::cli

#include "fakes.h"

#include <fstream>

namespace embedq::config::testing {

std::filesystem::path TemporaryFolder::write(const std::string& name, std::string_view content) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file;
}

}  // namespace embedq::config::testing

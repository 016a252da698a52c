#include "documents/size_text.h"

#include <array>
#include <cstdio>

namespace embedq::documents {

std::string size_text(std::int64_t bytes) {
    constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units.at(unit));
    return text.data();
}

}  // namespace embedq::documents

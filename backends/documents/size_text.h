// How stores show sizes to people.
//
// A pure function, safe from any thread.
#pragma once

#include <cstdint>
#include <string>

namespace embedq::documents {

// "512 B", "12.3 MB": by powers of 1,000.
[[nodiscard]] std::string size_text(std::int64_t bytes);

}  // namespace embedq::documents

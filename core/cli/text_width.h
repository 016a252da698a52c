// How many columns a text takes on a terminal, and texts that take no more than there are. Wide characters, as of
// Chinese, Japanese and Korean, take two columns; combining ones take none.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embedq::cli {

[[nodiscard]] std::size_t width_of(std::string_view text);
// The beginning, with "…" in place of what does not fit. `width` is at least 1.
[[nodiscard]] std::string cut_end(std::string_view text, std::size_t width);
// Both ends, with "…" between them: of a path both say more than the middle.
[[nodiscard]] std::string cut_middle(std::string_view text, std::size_t width);

}  // namespace embedq::cli

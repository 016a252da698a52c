// Abbreviations and stop words of API descriptions.
//
// A change of either changes the vectors of the offline provider, so it needs a new `lexical::weights_version`. What
// ranking alone knows besides is in ranking/vocabulary.cpp.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

namespace embedq::words {

// The written-out words of an abbreviation or another spelling ("repo" → "repository", "pr" → "pull request"),
// separated by blanks; empty for all other words.
[[nodiscard]] std::string_view expansion(std::string_view word);

[[nodiscard]] bool is_stop_word(std::string_view word);

}  // namespace embedq::words

// What ranking knows about the words of APIs: stop words, abbreviations, verb classes and synonyms.
//
// It knows more than the offline provider does (words/common.h): a change here changes no vectors, so it may come with
// any release. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace embedq::ranking {

// What an operation does, or what a question asks to do.
using Verbs = std::uint8_t;
inline constexpr Verbs verb_read = 1;
inline constexpr Verbs verb_create = 2;
inline constexpr Verbs verb_update = 4;
inline constexpr Verbs verb_remove = 8;

[[nodiscard]] Verbs verbs_of_word(std::string_view word);
[[nodiscard]] Verbs verbs_of_method(std::string_view method);

[[nodiscard]] bool is_stop_word(std::string_view word);

// The expansion of an abbreviation or another spelling ("repo" → "repository", "pr" → "pull request"), separated by
// spaces; empty for all other words. Both documents and queries are expanded.
[[nodiscard]] std::string_view expansion(std::string_view word);

// The meaning of two words together, the second `apart` words after the first ("shut … down" → "stop", "file a bug" →
// "create issue"), separated by spaces; empty if they have no meaning of their own. A meaning that begins with "+" is
// added to the two words, others replace them.
[[nodiscard]] std::string_view phrasal_verb(std::string_view verb, std::string_view particle, std::size_t apart);

// Words that a document may use for what a question calls `word`, or for another word with its stem, separated by
// spaces; empty if there are none. Those after a "?" are less likely.
[[nodiscard]] std::string_view synonyms(std::string_view word, std::string_view stem);

}  // namespace embedq::ranking

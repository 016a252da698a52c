// What ranking knows about the words of APIs in general: stems, stop words, abbreviations, verb classes and synonyms.
//
// The lexical provider keeps a table of its own on purpose: changing that one changes vectors and so its model digest,
// while this one may change with any release. Thread-safety: the functions are pure; a Stemmer belongs to one thread at
// a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sb_stemmer;

namespace embedq::ranking {

// Snowball's English stemmer, which is not thread-safe: make one per call.
class Stemmer {
public:
    Stemmer();
    // The view is valid until the next call.
    [[nodiscard]] std::string_view stem(std::string_view word);

private:
    struct Delete {
        void operator()(sb_stemmer* stemmer) const noexcept;
    };
    std::unique_ptr<sb_stemmer, Delete> stemmer_;
};

// What an operation does, or a question wants done.
using Verbs = std::uint8_t;
inline constexpr Verbs verb_read = 1;
inline constexpr Verbs verb_create = 2;
inline constexpr Verbs verb_update = 4;
inline constexpr Verbs verb_remove = 8;

[[nodiscard]] Verbs verbs_of_word(std::string_view word);
[[nodiscard]] Verbs verbs_of_method(std::string_view method);

[[nodiscard]] bool is_stop_word(std::string_view word);

// The written-out words of an abbreviation or another spelling ("repo" → "repository", "pr" → "pull request"),
// separated by blanks; empty for all other words. Documents and queries are both written out.
[[nodiscard]] std::string_view written_out(std::string_view word);

// What two words, the second `apart` words behind the first, mean together ("shut … down" → "stop", "file a bug" →
// "create issue"), separated by blanks; empty when nothing of their own. A meaning that begins with "+" comes in
// addition to the two words, others stand for them.
[[nodiscard]] std::string_view phrasal_verb(std::string_view verb, std::string_view particle, std::size_t apart);

// Words that a document may use for what a question calls `word`, or for another word of its stem, separated by blanks;
// empty when there are none. Those behind a "?" are less likely.
[[nodiscard]] std::string_view synonyms(std::string_view word, std::string_view stem);

}  // namespace embedq::ranking

// Summaries and descriptions as running text: without markup that says nothing, on one line.
//
// Internal to core/catalog; part of the canonical text's form (document.h). Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embedq::catalog {

// HTML tags and comments are taken out (known element names only, so "<id>" stays), and so are the targets of Markdown
// links; the commonest entities are decoded; control characters and every kind of white space become single spaces,
// none at the ends.
[[nodiscard]] std::string plain_prose(std::string_view text);

// Length of the first sentence of a text from plain_prose(), at most `bound` bytes and then up to the end of a word.
[[nodiscard]] std::size_t first_sentence(std::string_view prose, std::size_t bound);

// At most `bound` bytes of the text, at the end of a word if there is one, else of a character.
[[nodiscard]] std::size_t word_floor(std::string_view prose, std::size_t bound);

}  // namespace embedq::catalog

// Summaries and descriptions as plain text: without markup, on one line.
//
// Internal to core/catalog; part of the canonical text's form (document.h). Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embedq::catalog {

// HTML tags and comments are removed (known element names only, so "<id>" stays), and so are the targets of Markdown
// links and the marks of its headings and rules. Entities are decoded. Control characters and every kind of white space
// become single spaces, none at the ends.
[[nodiscard]] std::string plain_prose(std::string_view text);

// Length of the first sentence of a text from plain_prose(); a longer one is cut to at most `bound` bytes, at the end
// of a word.
[[nodiscard]] std::size_t first_sentence(std::string_view prose, std::size_t bound);

// The largest length of at most `bound` bytes that ends at the end of a word, or of a character if there is no space.
[[nodiscard]] std::size_t word_floor(std::string_view prose, std::size_t bound);

}  // namespace embedq::catalog

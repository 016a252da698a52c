// Characters that cannot be seen in a text, or look like a space: they make a document wrong in ways that nobody finds.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/error.h"

namespace embedq::catalog {

struct Hidden {
    std::size_t at = 0;
    std::string what;  // "an invisible U+FEFF (byte order mark)"
    std::string hint;
};

// What may be the cause of an error at `at`: a hidden character where a line has its indentation and its key, a tab in
// its indentation, an end of a line that YAML does not know, a key that YAML does not read for its length. Looks at the
// line of the error and the one before.
[[nodiscard]] std::optional<Hidden> find_hidden_near(std::string_view text, std::size_t at);

// The first character that is not white space, if it is hidden: then the text does not begin as it seems to.
[[nodiscard]] std::optional<Hidden> find_hidden_at_start(std::string_view text);

// The first hidden character of a word, where the text first has it.
[[nodiscard]] std::optional<Hidden> find_hidden_in(std::string_view text, std::string_view word);
// Whether a name, which has one line, has a hidden character or a control character.
[[nodiscard]] bool has_hidden(std::string_view name);

// The error with what may be its cause.
[[nodiscard]] Error explained(Error error, std::string_view text, const std::optional<Hidden>& cause);

// The text without them; of a text that is not UTF-8, roughly.
[[nodiscard]] std::string without_hidden(std::string_view text);

// A name with each such character as "<U+200B>".
[[nodiscard]] std::string made_visible(std::string_view text);

}  // namespace embedq::catalog

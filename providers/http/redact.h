// Makes the text of a server fit for messages, logs and databases: bounded, valid UTF-8, without secrets.
//
// Thread-safety: a Secrets value is constant after construction.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::http {

// Values that must never be shown, wherever they appear: some servers repeat the key that they refuse.
class Secrets {
public:
    Secrets() = default;
    // A value of at least eight characters is hidden wherever it is, a shorter one only as a whole word: "open" is left
    // in "platform.openai.com". Values of less than four characters are ignored, since hiding them would make texts
    // unreadable and protect nothing.
    explicit Secrets(std::vector<std::string> values);

    // `text` with each secret, each "Bearer …" and each key of a known form ("sk-…") replaced by "***".
    [[nodiscard]] std::string hide(std::string text) const;

private:
    std::vector<std::string> values_;
};

// Whether the value of a header may be shown: by its name it says what is sent or who asks (Accept, X-Title,
// OpenAI-Organization). Any other may be a key.
[[nodiscard]] bool is_public_header(std::string_view name);

// At most `limit` bytes of `text` and "…", cut between characters. Control characters and line breaks become spaces,
// several blanks become one, and bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t limit = 300);

}  // namespace embedq::http

// What a server said, made fit for messages, logs and databases: bounded, valid UTF-8, without secrets.
//
// Thread-safety: a Secrets value is constant after construction.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::http {

// The values that must never be shown, wherever they turn up: some servers repeat the key that they refuse.
class Secrets {
public:
    Secrets() = default;
    // Values of less than four characters are left out: hiding them would blacken every text and protect nothing.
    explicit Secrets(std::vector<std::string> values);

    // `text` with each secret, each "Bearer …" and each key of a form that is known ("sk-…") replaced by "***".
    [[nodiscard]] std::string hide(std::string text) const;

private:
    std::vector<std::string> values_;
};

// At most `limit` bytes of `text` and "…", cut between characters; control characters and line breaks become spaces,
// runs of blanks one space, and bytes that are no UTF-8 '?'.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t limit = 300);

}  // namespace embedq::http

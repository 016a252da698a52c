// Snowball's English stemmer: "lists", "listing" and "listed" have the stem "list".
//
// Thread-safety: none; make one for each thread.
#pragma once

#include <memory>
#include <string_view>

struct sb_stemmer;

namespace embedq::words {

class Stemmer {
public:
    Stemmer();
    // The stem of a word in lower case, of which the first 64 bytes count. The view is valid until the next call.
    [[nodiscard]] std::string_view stem(std::string_view word);

private:
    struct Delete {
        void operator()(sb_stemmer* stemmer) const noexcept;
    };
    std::unique_ptr<sb_stemmer, Delete> stemmer_;
};

}  // namespace embedq::words

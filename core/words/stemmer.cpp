#include "words/stemmer.h"

#include <libstemmer.h>

#include <cstddef>
#include <new>

namespace embedq::words {
namespace {

// Longer runs are not English words, and Snowball takes an int.
constexpr std::size_t longest_word = 64;

}  // namespace

Stemmer::Stemmer() : stemmer_(sb_stemmer_new("english", "UTF_8")) {
    if (!stemmer_) throw std::bad_alloc();
}

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const noexcept {
    sb_stemmer_delete(stemmer);
}

std::string_view Stemmer::stem(std::string_view word) {
    word = word.substr(0, longest_word);
    const sb_symbol* const stem =
        sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
    if (stem == nullptr) return word;
    return {reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(stemmer_.get()))};
}

}  // namespace embedq::words

#include "cli/text_width.h"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <vector>

namespace embedq::cli {
namespace {

constexpr std::string_view ellipsis = "…";

// The C library's table of widths is part of a locale. It is set for this thread while the object lives.
class Utf8 {
public:
    Utf8() : before_(locale() == locale_t{} ? locale_t{} : ::uselocale(locale())) {}
    ~Utf8() {
        if (before_ != locale_t{}) ::uselocale(before_);
    }
    Utf8(const Utf8&) = delete;
    Utf8& operator=(const Utf8&) = delete;

private:
    static locale_t locale() {
        static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
        return utf8;
    }
    const locale_t before_;
};

struct Character {
    std::string_view bytes;
    std::size_t width;
};

// What is not a character takes one column for each byte.
std::vector<Character> characters_of(std::string_view text) {
    const Utf8 utf8;
    std::vector<Character> characters;
    std::mbstate_t state{};
    while (!text.empty()) {
        wchar_t wide = 0;
        std::size_t bytes = std::mbrtowc(&wide, text.data(), text.size(), &state);
        int width = 1;
        if (bytes == 0 || bytes > text.size()) {
            state = {};
            bytes = 1;
        } else {
            width = std::max(0, ::wcwidth(wide));
        }
        characters.push_back({text.substr(0, bytes), static_cast<std::size_t>(width)});
        text.remove_prefix(bytes);
    }
    return characters;
}

std::size_t width_of(const std::vector<Character>& characters) {
    std::size_t width = 0;
    for (const Character& character : characters) width += character.width;
    return width;
}

}  // namespace

std::size_t width_of(std::string_view text) {
    return width_of(characters_of(text));
}

std::string cut_end(std::string_view text, std::size_t width) {
    const auto characters = characters_of(text);
    if (width_of(characters) <= width) return std::string(text);
    std::string head;
    std::size_t used = 1;
    for (const Character& character : characters) {
        if (used + character.width > width) break;
        used += character.width;
        head += character.bytes;
    }
    return head.append(ellipsis);
}

std::string cut_middle(std::string_view text, std::size_t width) {
    const auto characters = characters_of(text);
    const std::size_t all = width_of(characters);
    if (all <= width) return std::string(text);
    const std::size_t head_width = (width - 1) * 2 / 5;
    std::string head;
    std::size_t used = 0;
    std::size_t at = 0;
    for (; at < characters.size() && used + characters[at].width <= head_width; ++at) {
        used += characters[at].width;
        head += characters[at].bytes;
    }
    // The tail begins where what is left fits; a combining character stays with the one before it.
    std::size_t rest = all - used;
    while (at < characters.size() && (rest > width - 1 - used || characters[at].width == 0)) {
        rest -= characters[at].width;
        ++at;
    }
    head.append(ellipsis);
    for (; at < characters.size(); ++at) head += characters[at].bytes;
    return head;
}

}  // namespace embedq::cli

// Entities of HTML, "&uuml;" and "&#8217;", as texts. The one file that sees Gumbo, which knows all of them.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace embedq::catalog {

class Entities {
public:
    // The longest entity that is looked at.
    static constexpr std::size_t max_bytes = 40;

    // The length of what may be an entity at the beginning of the text, from "&" to ";"; 0 if it is none.
    [[nodiscard]] static std::size_t length_at(std::string_view text);

    // What an entity stands for; empty if HTML has no such entity. The answers are remembered: a text has few different
    // ones.
    [[nodiscard]] const std::string& decoded(std::string_view entity);

private:
    static constexpr std::size_t max_known = 4'096;

    std::map<std::string, std::string, std::less<>> known_;
};

}  // namespace embedq::catalog

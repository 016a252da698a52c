#include "catalog/yaml_input.h"

#include <algorithm>

namespace embedq::catalog {

bool is_unclosed(std::string_view rest) {
    while (rest.starts_with('&') || rest.starts_with('!')) {
        rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    }
    if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return false;
    const char quote = rest.front();
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (quote == '"' && rest[at] == '\\') {
            ++at;
        } else if (rest[at] == quote) {
            if (quote == '"' || at + 1 >= rest.size() || rest[at + 1] != quote) return false;
            ++at;
        }
    }
    return true;
}

}  // namespace embedq::catalog

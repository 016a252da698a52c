// Pairs of words in questions for which descriptions use other words.
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ranking/vocabulary.h"

namespace embedq::ranking {
namespace {

constexpr bool together = false;

struct Phrasal {
    std::string_view first;   // each of these, in the forms that questions use,
    std::string_view second;  // followed by each of these
    std::string_view meaning;
    bool separable = true;  // other words may be in between
};

constexpr Phrasal phrasals[] = {
#include "ranking/phrasal_table.inc"
};

template <class Visit>
void each_part(std::string_view words, Visit&& visit) {
    for (std::size_t begin = 0; begin < words.size();) {
        const std::size_t end = std::min(words.find(' ', begin), words.size());
        visit(words.substr(begin, end - begin));
        begin = end + 1;
    }
}

bool has_word(std::string_view words, std::string_view word) {
    bool found = false;
    each_part(words, [&](std::string_view part) { found = found || part == word; });
    return found;
}

std::unordered_map<std::string_view, std::vector<const Phrasal*>> by_first_word() {
    std::unordered_map<std::string_view, std::vector<const Phrasal*>> entries;
    for (const Phrasal& entry : phrasals) {
        each_part(entry.first, [&](std::string_view word) { entries[word].push_back(&entry); });
    }
    return entries;
}

}  // namespace

std::string_view phrasal_verb(std::string_view verb, std::string_view particle, std::size_t apart) {
    static const auto entries = by_first_word();
    const auto found = entries.find(verb);
    if (found == entries.end()) return {};
    for (const Phrasal* const entry : found->second) {
        if ((apart == 1 || entry->separable) && has_word(entry->second, particle)) return entry->meaning;
    }
    return {};
}

}  // namespace embedq::ranking

// Pairs of words that questions have for what descriptions say otherwise.
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
    std::string_view first;   // each of these, in the forms that questions have,
    std::string_view second;  // with each of those behind it
    std::string_view meant;
    bool parted = true;  // whether other words may stand between
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
        if ((apart == 1 || entry->parted) && has_word(entry->second, particle)) return entry->meant;
    }
    return {};
}

}  // namespace embedq::ranking

// The words of questions, and the words that descriptions of APIs use for them.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ranking/vocabulary.h"
#include "words/stemmer.h"

namespace embedq::ranking {
namespace {

struct Group {
    std::string_view words;     // each of these
    std::string_view meanings;  // may mean any of these
};

constexpr Group groups[] = {
#include "ranking/synonym_table.inc"
#include "ranking/synonyms_code.inc"
#include "ranking/synonyms_people.inc"
#include "ranking/synonyms_services.inc"
};

// Words are looked up in lower case and separated by one space; anything else would never be found.
constexpr bool well_formed(std::string_view words, bool marks) {
    char before = ' ';
    for (const char c : words) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && before == ' ' && !(marks && c == '?')) return false;
        if (!letter && before != ' ' && c != ' ') return false;
        before = c;
    }
    return before != ' ' && before != '?';
}
static_assert(std::all_of(std::begin(groups), std::end(groups), [](const Group& group) {
    return well_formed(group.words, false) && well_formed(group.meanings, true);
}));

// A word in several groups has the meanings of all.
std::unordered_map<std::string_view, std::string> read_groups() {
    std::unordered_map<std::string_view, std::string> words;
    for (const Group& group : groups) {
        for (std::size_t begin = 0; begin < group.words.size();) {
            const std::size_t end = std::min(group.words.find(' ', begin), group.words.size());
            std::string& meant = words[group.words.substr(begin, end - begin)];
            if (!meant.empty()) meant += ' ';
            meant += group.meanings;
            begin = end + 1;
        }
    }
    return words;
}

// "banned" is not in a group: it has the meanings of "ban". If several words have the same stem, the shortest one
// counts.
std::unordered_map<std::string, std::string_view> by_stem(
    const std::unordered_map<std::string_view, std::string>& words) {
    std::vector<std::pair<std::string_view, std::string_view>> order(words.begin(), words.end());
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
    });
    words::Stemmer stemmer;
    std::unordered_map<std::string, std::string_view> stems;
    for (const auto& [word, meant] : order) stems.emplace(stemmer.stem(word), meant);
    return stems;
}

}  // namespace

std::string_view synonyms(std::string_view word, std::string_view stem) {
    static const auto words = read_groups();
    static const auto stems = by_stem(words);
    const auto found = words.find(word);
    if (found != words.end()) return found->second;
    const auto related = stems.find(std::string(stem));
    return related == stems.end() ? std::string_view{} : related->second;
}

}  // namespace embedq::ranking

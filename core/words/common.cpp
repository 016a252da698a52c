#include "words/common.h"

#include <algorithm>
#include <iterator>

namespace embedq::words {
namespace {

struct Abbreviation {
    std::string_view word;
    std::string_view meaning;
};

// Both in order of their words.
constexpr Abbreviation abbreviations[] = {
    {"admin", "administrator"},
    {"admins", "administrators"},
    {"app", "application"},
    {"apps", "applications"},
    {"auth", "authentication"},
    {"cert", "certificate"},
    {"certs", "certificates"},
    {"config", "configuration"},
    {"configs", "configurations"},
    {"db", "database"},
    {"dbs", "databases"},
    {"dir", "directory"},
    {"env", "environment"},
    {"folder", "directory"},
    {"folders", "directories"},
    {"hook", "webhook"},
    {"hooks", "webhooks"},
    {"info", "information"},
    {"lib", "library"},
    {"licence", "license"},
    {"licences", "licenses"},
    {"msg", "message"},
    {"org", "organization"},
    {"organisation", "organization"},
    {"organisations", "organizations"},
    {"orgs", "organizations"},
    {"param", "parameter"},
    {"params", "parameters"},
    {"pic", "picture"},
    {"pr", "pull request"},
    {"prs", "pull requests"},
    {"repo", "repository"},
    {"repos", "repositories"},
    {"spec", "specification"},
    {"stats", "statistics"},
    {"sync", "synchronize"},
    {"temp", "temporary"},
    {"tmp", "temporary"},
    {"var", "variable"},
    {"vars", "variables"},
};
static_assert(std::ranges::is_sorted(abbreviations, {}, &Abbreviation::word));

constexpr std::string_view stop_words[] = {
    "a",   "an",   "and",  "are",  "as",    "at",    "be",    "by",   "can",   "did",  "do",   "does", "for",  "from",
    "had", "has",  "have", "how",  "i",     "if",    "in",    "into", "is",    "it",   "its",  "me",   "my",   "of",
    "on",  "or",   "our",  "s",    "that",  "the",   "their", "them", "these", "they", "this", "to",   "want", "was",
    "we",  "were", "what", "when", "where", "which", "will",  "with", "would", "you",  "your",
};
static_assert(std::ranges::is_sorted(stop_words));

}  // namespace

std::string_view expansion(std::string_view word) {
    const auto found = std::ranges::lower_bound(abbreviations, word, {}, &Abbreviation::word);
    return found != std::end(abbreviations) && found->word == word ? found->meaning : std::string_view{};
}

bool is_stop_word(std::string_view word) {
    return std::ranges::binary_search(stop_words, word);
}

}  // namespace embedq::words

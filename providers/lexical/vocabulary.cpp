#include "lexical/vocabulary.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "lexical/embedder.h"

namespace embedq::lexical {
namespace {

struct Entry {
    std::string_view word;
    std::string_view value;
};

// All tables are sorted by word.
template <class Table>
std::string_view find(const Table& table, std::string_view word) {
    const auto found = std::ranges::lower_bound(table, word, {}, &Entry::word);
    return found != std::end(table) && found->word == word ? found->value : std::string_view{};
}

template <class Table>
consteval bool in_order(const Table& table) {
    return std::ranges::is_sorted(table, {}, &Entry::word);
}

constexpr Entry verbs[] = {
    {"add", "create"},    {"alter", "update"},    {"browse", "read"},     {"cancel", "stop"},
    {"change", "update"}, {"clear", "delete"},    {"create", "create"},   {"delete", "delete"},
    {"describe", "read"}, {"destroy", "delete"},  {"disable", "disable"}, {"display", "read"},
    {"drop", "delete"},   {"edit", "update"},     {"enable", "enable"},   {"erase", "delete"},
    {"execute", "run"},   {"fetch", "read"},      {"find", "search"},     {"generate", "create"},
    {"get", "read"},      {"insert", "create"},   {"invoke", "run"},      {"list", "read"},
    {"lists", "read"},    {"lookup", "search"},   {"make", "create"},     {"modify", "update"},
    {"new", "create"},    {"obtain", "read"},     {"open", "create"},     {"patch", "update"},
    {"post", "create"},   {"purge", "delete"},    {"put", "update"},      {"query", "search"},
    {"read", "read"},     {"register", "create"}, {"remove", "delete"},   {"removes", "delete"},
    {"rename", "update"}, {"replace", "update"},  {"retrieve", "read"},   {"retrieves", "read"},
    {"return", "read"},   {"returns", "read"},    {"run", "run"},         {"search", "search"},
    {"set", "update"},    {"show", "read"},       {"start", "run"},       {"stop", "stop"},
    {"submit", "create"}, {"trigger", "run"},     {"update", "update"},   {"updates", "update"},
    {"view", "read"},
};
static_assert(in_order(verbs));

struct Frequency {
    std::string_view stem;
    unsigned char tenths;  // of ln(1 + N/df)
};

// Written by derive_idf from a sample of public API documents (benchmarks/ranking/README.md), sorted by stem.
constexpr Frequency frequencies[] = {
#include "lexical/idf_table.inc"
};
static_assert(std::ranges::is_sorted(frequencies, {}, &Frequency::stem));

constexpr float unknown_stem = 9.0F;

}  // namespace

std::string_view verb_class(std::string_view word) {
    return find(verbs, word);
}

float inverse_document_frequency(std::string_view stem) {
    const auto found = std::ranges::lower_bound(frequencies, stem, {}, &Frequency::stem);
    if (found == std::end(frequencies) || found->stem != stem) return unknown_stem;
    return static_cast<float>(found->tenths) / 10.0F;
}

}  // namespace embedq::lexical

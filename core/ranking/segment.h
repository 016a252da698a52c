// What the index keeps of one spec: its operations' strings in one block, and postings with the field-weighted term
// frequency of BM25F.
//
// Field lengths are compared with fixed typical lengths instead of the catalog's averages, so that one spec's postings
// do not change when another spec is added or removed; only document frequencies are the catalog's. Thread-safety:
// const members may be called from several threads at a time; a writer must be alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "embedq/catalog.h"
#include "ranking/vocabulary.h"
#include "words/stemmer.h"

namespace embedq::ranking {

using TermId = std::uint32_t;

// Numbers the stems, and counts in how many operations of the catalog each occurs.
class Dictionary {
public:
    TermId add(std::string_view stem);
    // How many operations have the stem; 0 if it is unknown.
    [[nodiscard]] std::uint32_t frequency(std::string_view stem) const;
    [[nodiscard]] const TermId* find(std::string_view stem) const;
    [[nodiscard]] std::uint32_t frequency(TermId term) const { return frequencies_[term]; }
    void count(TermId term, std::int64_t change);
    [[nodiscard]] std::size_t memory() const noexcept;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_map<std::string, TermId, Hash, std::equal_to<>> ids_;
    std::vector<std::uint32_t> frequencies_;
};

// Splits a text into words, expands abbreviations, drops stop words, stems, and numbers the stems. Caches words.
class TermReader {
public:
    explicit TermReader(Dictionary& dictionary) : dictionary_(dictionary) {}
    void read(std::string_view text, std::vector<TermId>& out);

private:
    Dictionary& dictionary_;
    words::Stemmer stemmer_;
    std::unordered_map<std::string, std::vector<TermId>> cache_;
};

struct OperationFacts {
    std::uint32_t text = 0;       // the catalog's number of its text
    Verbs verbs = 0;              // of the method and of the first words of summary and id
    std::uint8_t head_terms = 0;  // distinct terms of the summary, or of the id if there is none
    std::uint8_t depth = 0;       // literal segments of the path
    bool read = false;            // GET or HEAD
    bool item = false;            // the path ends in a parameter
};

class Segment {
public:
    // `texts[i]` is the number of the text of operation i. Counts its terms into the dictionary.
    Segment(std::span<const Operation> operations, std::span<const std::uint32_t> texts, Dictionary& dictionary,
            TermReader& reader);

    // Subtracts its terms from the dictionary's counts.
    void discount(Dictionary& dictionary) const;

    [[nodiscard]] std::size_t size() const noexcept { return facts_.size(); }
    [[nodiscard]] const OperationFacts& facts(std::size_t i) const { return facts_[i]; }
    [[nodiscard]] std::string_view operation_id(std::size_t i) const { return string(i, 0); }
    [[nodiscard]] std::string_view method(std::size_t i) const { return string(i, 1); }
    [[nodiscard]] std::string_view path(std::size_t i) const { return string(i, 2); }
    [[nodiscard]] std::string_view summary(std::size_t i) const { return string(i, 3); }

    // Calls visit(operation, frequency, in_head) for each operation that has the term, in order.
    template <class Visit>
    void each(TermId term, Visit&& visit) const {
        const auto [begin, end] = range(term);
        for (std::size_t i = begin; i < end; ++i) {
            visit(operations_[i], static_cast<float>(weights_[i] & ~head_bit) / frequency_unit,
                  (weights_[i] & head_bit) != 0);
        }
    }

    [[nodiscard]] std::size_t memory() const noexcept;

private:
    static constexpr float frequency_unit = 1024;
    static constexpr std::uint16_t head_bit = 0x8000;
    [[nodiscard]] std::string_view string(std::size_t operation, std::size_t field) const;
    [[nodiscard]] std::pair<std::size_t, std::size_t> range(TermId term) const;

    std::string strings_;
    std::vector<std::uint32_t> string_ends_;  // four per operation
    std::vector<OperationFacts> facts_;
    std::vector<TermId> terms_;              // ascending
    std::vector<std::uint32_t> starts_;      // terms_.size() + 1
    std::vector<std::uint32_t> operations_;  // postings: operation …
    std::vector<std::uint16_t> weights_;     // … and frequency; the top bit is set if the term is in the head
};

}  // namespace embedq::ranking

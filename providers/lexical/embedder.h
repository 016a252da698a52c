// Feature hashing: a text becomes the signed, weighted counts of its words in a fixed number of components.
//
// Features are stemmed words, pairs of neighbours, letter n-grams, and classes of verbs (get, list, fetch, …), weighted
// by compiled-in inverse document frequencies. The last components, at most a quarter of them, hold the sum of the word
// vectors (meaning.h). So texts are close when they share words, and somewhat close when they have related words. The
// same text gives the same bits on every machine: integer hashing, IEEE arithmetic in a fixed order, and no library
// function but sqrt.
//
// Thread-safety: an Embedder belongs to one thread at a time (it owns a stemmer). Making one is cheap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lexical/meaning.h"
#include "words/stemmer.h"

namespace embedq::lexical {

// Must change with anything that changes a vector: features, hashing, tables.
inline constexpr std::string_view weights_version = "2.0";

// The cosine's weight in hybrid ranking, measured on public API documents (benchmarks/ranking). BM25 uses the same
// words more precisely, so the cosine has the smaller weight.
inline constexpr double semantic_weight = 0.25;

// The weight of a stem: high for rare stems. Unknown stems count as rare.
[[nodiscard]] float inverse_document_frequency(std::string_view stem);

class Embedder {
public:
    explicit Embedder(std::size_t dimension);

    // Writes a vector of length one to `out`, which has `dimension` components. Never all zero, whatever the text.
    void embed(std::string_view text, std::span<float> out);

private:
    struct Feature {
        std::uint64_t hash;
        float weight;
    };
    struct Word {
        std::uint64_t hash = 0;
        float weight = 0;  // 0: a stop word
        std::vector<Feature> features;
        std::vector<Meaning> meanings;
    };

    [[nodiscard]] const Word& word(std::string_view text);
    [[nodiscard]] Word read(std::string_view text);
    void add_stem(Word& to, std::string_view text, float share);
    void add(std::span<float> out, std::uint64_t hash, float weight) const;
    void add_meaning(std::span<float> out, const Word& word, float share) const;
    void embed_bytes(std::string_view text, std::span<float> out) const;

    std::size_t dimension_;
    std::size_t hashed_;  // components for features; meanings have the others
    words::Stemmer stemmer_;
    std::unordered_map<std::string, Word> words_;
};

}  // namespace embedq::lexical

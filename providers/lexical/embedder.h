// Lexical hashing: a text becomes the signed, weighted counts of its words in a fixed number of places.
//
// Features are stemmed words, pairs of neighbours, letter n-grams, and classes of verbs (get, list, fetch, …), weighted
// by compiled-in inverse document frequencies. The last places, a quarter of them at most, hold the sum of what the
// words mean (meaning.h), so that texts come near each other when they share words, and somewhat when they have related
// ones. The same text gives the same bits on every machine: integer hashing, IEEE arithmetic in a fixed order, no
// library functions but sqrt.
//
// Thread-safety: an Embedder belongs to one thread at a time (it owns a stemmer); making one is cheap.
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

// Changes with anything that changes a vector: features, hashing, tables.
inline constexpr std::string_view weights_version = "2.0";

// The cosine's part of hybrid ranking. Measured over public API documents (benchmarks/ranking): BM25 sees the same
// words more sharply, so the cosine gets the smaller part.
inline constexpr double semantic_weight = 0.25;

// The weight of a stem: high for rare ones. Unknown stems count as rare.
[[nodiscard]] float inverse_document_frequency(std::string_view stem);

class Embedder {
public:
    explicit Embedder(std::size_t dimension);

    // Writes a vector of length one; `out` has `dimension` places. Never all zero, whatever the text.
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
    std::size_t hashed_;  // places for features; meanings have the others
    words::Stemmer stemmer_;
    std::unordered_map<std::string, Word> words_;
};

}  // namespace embedq::lexical

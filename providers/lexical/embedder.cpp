#include "lexical/embedder.h"

#include <algorithm>
#include <cmath>

#include "embedq/support/words.h"
#include "lexical/vocabulary.h"
#include "words/common.h"

namespace embedq::lexical {
namespace {

constexpr float pair_share = 0.35F;
constexpr float gram_share = 0.45F;    // all letter n-grams of a word together
constexpr double meaning_share = 0.6;  // of a cosine; the features have the rest
constexpr float verb_weight = 2.5F;
constexpr float fade_words = 12;  // after this many words a word counts half: a text begins with its subject
constexpr std::size_t gram_length = 3;
constexpr std::size_t max_cached_words = 16384;

// FNV-1a, then the finaliser of splitmix64. The seed keeps kinds of features apart.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3ULL;
    }
    hash ^= hash >> 30;
    hash *= 0xbf58476d1ce4e5b9ULL;
    hash ^= hash >> 27;
    hash *= 0x94d049bb133111ebULL;
    return hash ^ (hash >> 31);
}

constexpr std::uint64_t stem_seed = 0x01;
constexpr std::uint64_t gram_seed = 0x02;
constexpr std::uint64_t verb_seed = 0x03;
constexpr std::uint64_t byte_seed = 0x04;

std::uint64_t pair_hash(std::uint64_t left, std::uint64_t right) {
    return (left * 0x9e3779b97f4a7c15ULL) ^ (right + 0x7f4a7c15ULL);
}

bool normalise(std::span<float> vector, double length) {
    double squares = 0;
    for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
    if (!(squares > 1e-12)) return false;
    const double scale = length / std::sqrt(squares);
    for (float& value : vector) value = static_cast<float>(static_cast<double>(value) * scale);
    return true;
}

}  // namespace

Embedder::Embedder(std::size_t dimension)
    : dimension_(dimension), hashed_(dimension - std::min(meaning_places, dimension / 4)) {}

void Embedder::add_meaning(std::span<float> out, const Word& word, float share) const {
    for (const Meaning& meaning : word.meanings) {
        for (std::size_t i = 0; i < dimension_ - hashed_; ++i) out[hashed_ + i] += meaning[i] * share;
    }
}

void Embedder::add(std::span<float> out, std::uint64_t hash, float weight) const {
    // Two components per feature: when one collides with another feature, the other still distinguishes them.
    const std::uint64_t other = hash * 0x9e3779b97f4a7c15ULL;
    const std::size_t first = (hash >> 8) % hashed_;
    const std::size_t second = (other >> 8) % hashed_;
    out[first] += (hash & 1) != 0 ? weight : -weight;
    out[second] += (other >> 63) != 0 ? weight : -weight;
}

void Embedder::add_stem(Word& to, std::string_view text, float share) {
    const std::string stem(stemmer_.stem(text));
    // A cosine multiplies the weights of both texts, so each uses less than the full weight: idf to the power of 3/4,
    // computed with square roots alone.
    const float root = std::sqrt(inverse_document_frequency(stem));
    const float rarity = root * std::sqrt(root);
    const std::uint64_t hash = hash_of(stem, stem_seed);
    to.hash ^= hash;
    to.weight = std::max(to.weight, rarity * share);
    to.features.push_back({hash, rarity * share});
    if (const Meaning meaning = meaning_of(stem)) to.meanings.push_back(meaning);
    if (stem.size() < gram_length) return;
    const std::string framed = "^" + stem + "$";
    const std::size_t count = framed.size() - gram_length + 1;
    // The grams of a word share its weight as parts of one direction, so that long words weigh no more than short ones.
    const float each = rarity * share * gram_share / std::sqrt(static_cast<float>(count));
    for (std::size_t i = 0; i < count; ++i)
        to.features.push_back({hash_of(std::string_view(framed).substr(i, gram_length), gram_seed), each});
}

Embedder::Word Embedder::read(std::string_view text) {
    Word entry;
    if (words::is_stop_word(text)) return entry;
    const std::string_view full = words::expansion(text);
    for_each_word(full.empty() ? text : full, [&](std::string_view part) { add_stem(entry, part, 1); });
    if (const std::string_view verb = verb_class(text); !verb.empty())
        entry.features.push_back({hash_of(verb, verb_seed), verb_weight});
    return entry;
}

const Embedder::Word& Embedder::word(std::string_view text) {
    if (words_.size() >= max_cached_words) words_.clear();
    const auto [entry, is_new] = words_.try_emplace(std::string(text));
    if (is_new) entry->second = read(text);
    return entry->second;
}

void Embedder::embed_bytes(std::string_view text, std::span<float> out) const {
    std::fill(out.begin(), out.end(), 0.0F);
    out[hash_of(text, byte_seed) % dimension_] = 1;
}

void Embedder::embed(std::string_view text, std::span<float> out) {
    std::fill(out.begin(), out.end(), 0.0F);
    // A repeated word counts less each time.
    std::unordered_map<std::uint64_t, float> counts;
    std::uint64_t before = 0;
    float weight_before = 0;
    float position = 0;
    for_each_word(text, [&](std::string_view raw) {
        const Word& entry = word(raw);
        if (entry.features.empty()) return;
        const float place = fade_words / (fade_words + position);
        position += 1;
        float& times = counts[entry.hash];
        times += 1;
        const float share = place / std::sqrt(times);
        for (const Feature& feature : entry.features) add(out, feature.hash, feature.weight * share);
        add_meaning(out, entry, share);
        if (before != 0 && before != entry.hash) {
            add(out, pair_hash(before, entry.hash), pair_share * std::min(weight_before, entry.weight) * place / times);
        }
        before = entry.hash;
        weight_before = entry.weight;
    });
    // A text of only symbols or stop words, or whose features cancel each other out, is hashed as a whole.
    const bool has_features = normalise(out.first(hashed_), std::sqrt(1 - meaning_share));
    const bool has_meaning = normalise(out.subspan(hashed_), std::sqrt(meaning_share));
    if (!has_features && !has_meaning) return embed_bytes(text, out);
    normalise(out, 1);
}

}  // namespace embedq::lexical

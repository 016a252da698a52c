#include "ranking/index.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>

#include "ranking/query.h"
#include "ranking/score.h"
#include "ranking/segment.h"
#include "ranking/vectors.h"

namespace embedq::ranking {
namespace {

struct HashOfHash {
    std::size_t operator()(const Sha256& hash) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, hash.data(), sizeof value);
        return value;
    }
};

// The distinct texts of the catalog, numbered. A number is also the row of the text's vector, and is used again when
// nothing refers to the text any more.
class Texts {
public:
    std::uint32_t retain(const Sha256& hash) {
        const auto [entry, is_new] = numbers_.try_emplace(hash, 0);
        if (is_new) {
            entry->second = free_.empty() ? static_cast<std::uint32_t>(references_.size()) : free_.back();
            if (free_.empty()) {
                references_.push_back(0);
                hashes_.push_back(hash);
            } else {
                free_.pop_back();
                hashes_[entry->second] = hash;
            }
        }
        ++references_[entry->second];
        return entry->second;
    }

    void release(std::uint32_t number, VectorTable& vectors) {
        if (--references_[number] > 0) return;
        vectors.erase(number);
        numbers_.erase(hashes_[number]);
        free_.push_back(number);
    }

    [[nodiscard]] const std::uint32_t* find(const Sha256& hash) const {
        const auto found = numbers_.find(hash);
        return found == numbers_.end() ? nullptr : &found->second;
    }

    template <class Visit>
    void each(Visit&& visit) const {
        for (const auto& [hash, number] : numbers_) visit(hash, number);
    }

    [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }
    [[nodiscard]] std::size_t memory() const noexcept {
        constexpr std::size_t node = sizeof(Sha256) + 2 * sizeof(void*) + sizeof(std::uint64_t);
        return numbers_.size() * node + numbers_.bucket_count() * sizeof(void*) +
               references_.capacity() * sizeof(std::uint32_t) + hashes_.capacity() * sizeof(Sha256);
    }

private:
    std::unordered_map<Sha256, std::uint32_t, HashOfHash> numbers_;
    std::vector<std::uint32_t> references_;
    std::vector<Sha256> hashes_;
    std::vector<std::uint32_t> free_;
};

// What a cosine must exceed to be meaningful: the mean over the catalog's texts, which all of them share, and somewhat
// more than one standard deviation, by which a text exceeds the mean by chance. Models differ much in both, so the
// fused score counts from there. A few imagined unrelated texts stabilize the mean of a small catalog. Measured:
// benchmarks/ranking/README.md.
float chance_cosine(std::span<const float> cosines, const VectorTable& vectors) {
    constexpr double imagined = 10;
    constexpr double deviations = 1.25;
    constexpr double highest = 0.99;  // so that something counts even in a catalog of nearly equal texts
    const double count = static_cast<double>(vectors.size()) + imagined;
    double sum = 0;
    for (std::size_t row = 0; row < cosines.size(); ++row) {
        if (vectors.has(row)) sum += cosines[row];
    }
    const double mean = std::max(0.0, sum / count);
    double squares = 0;
    for (std::size_t row = 0; row < cosines.size(); ++row) {
        const double deviation = cosines[row] - mean;
        if (vectors.has(row)) squares += deviation * deviation;
    }
    return static_cast<float>(std::min(highest, mean + deviations * std::sqrt(squares / count)));
}

struct Candidate {
    float score;
    std::uint32_t number;  // in order of spec name and position
};

bool better(const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.number < b.number;
}

void keep_best(std::vector<Candidate>& candidates, std::size_t limit) {
    limit = std::min(limit, candidates.size());
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(limit), candidates.end(),
                      better);
    candidates.resize(limit);
}

}  // namespace

struct CatalogIndex::State {
    Dictionary dictionary;
    TermReader reader{dictionary};
    Texts texts;
    VectorTable vectors;
    std::map<std::string, Segment, std::less<>> segments;
    std::size_t operations = 0;

    void drop(const Segment& segment) {
        segment.discount(dictionary);
        for (std::size_t i = 0; i < segment.size(); ++i) texts.release(segment.facts(i).text, vectors);
        operations -= segment.size();
    }

    [[nodiscard]] std::vector<float> lexical(const Question& question) const;
    [[nodiscard]] std::vector<Ranked> hits(const std::vector<Candidate>& best) const;
    [[nodiscard]] std::vector<Candidate> fuse(std::span<const float> lexical, std::span<const float> cosines,
                                              const Query& query, RankingMode mode) const;
    // The first operations, for a query that says nothing.
    [[nodiscard]] std::vector<Candidate> first(const Query& query) const;
};

std::vector<float> CatalogIndex::State::lexical(const Question& question) const {
    std::vector<float> scores(operations);
    if (question.concepts.empty()) return scores;
    const Scorer scorer(question, dictionary, operations);
    std::size_t begin = 0;
    for (const auto& [name, segment] : segments) {
        scorer.score(segment, std::span(scores).subspan(begin, segment.size()));
        begin += segment.size();
    }
    return scores;
}

std::vector<Candidate> CatalogIndex::State::fuse(std::span<const float> lexical, std::span<const float> cosines,
                                                 const Query& query, RankingMode mode) const {
    const float chance = chance_cosine(cosines, vectors);
    const auto weight = static_cast<float>(std::clamp(query.semantic_weight, 0.0, 1.0));
    std::vector<Candidate> candidates;
    std::uint32_t number = 0;
    for (const auto& [name, segment] : segments) {
        if (!query.spec_name.empty() && name != query.spec_name) {
            number += static_cast<std::uint32_t>(segment.size());
            continue;
        }
        for (std::size_t i = 0; i < segment.size(); ++i, ++number) {
            const std::size_t row = segment.facts(i).text;
            const bool has_vector = !cosines.empty() && vectors.has(row);
            float score = 0;
            if (mode == RankingMode::semantic) {
                if (has_vector) score = (1 + cosines[row]) / 2;
            } else if (mode == RankingMode::hybrid) {
                const float semantic = has_vector ? std::max(0.0F, (cosines[row] - chance) / (1 - chance)) : 0;
                score = weight * std::min(1.0F, semantic) + (1 - weight) * lexical[number];
            } else {
                score = lexical[number];
            }
            if (score > 0) candidates.push_back({score, number});
        }
    }
    return candidates;
}

std::vector<Candidate> CatalogIndex::State::first(const Query& query) const {
    std::vector<Candidate> candidates;
    std::uint32_t begin = 0;
    for (const auto& [name, segment] : segments) {
        const auto size = static_cast<std::uint32_t>(segment.size());
        const bool wanted = query.spec_name.empty() || name == query.spec_name;
        for (std::uint32_t i = 0; wanted && i < size && candidates.size() < query.limit; ++i)
            candidates.push_back({0, begin + i});
        begin += size;
    }
    return candidates;
}

std::vector<Ranked> CatalogIndex::State::hits(const std::vector<Candidate>& best) const {
    // Where each spec begins, to find a candidate's spec by its number.
    std::vector<std::pair<std::uint32_t, const std::pair<const std::string, Segment>*>> begins;
    std::uint32_t next = 0;
    for (const auto& entry : segments) {
        if (entry.second.size() > 0) begins.emplace_back(next, &entry);
        next += static_cast<std::uint32_t>(entry.second.size());
    }
    std::vector<Ranked> result;
    result.reserve(best.size());
    for (const Candidate& candidate : best) {
        const auto after =
            std::upper_bound(begins.begin(), begins.end(), candidate.number,
                             [](std::uint32_t number, const auto& entry) { return number < entry.first; });
        const auto& [begin, entry] = *std::prev(after);
        const auto& [name, segment] = *entry;
        const std::uint32_t at = candidate.number - begin;
        result.push_back({name, segment.operation_id(at), segment.method(at), segment.path(at), segment.summary(at), at,
                          candidate.score});
    }
    return result;
}

CatalogIndex::CatalogIndex() : state_(std::make_unique<State>()) {}
CatalogIndex::~CatalogIndex() = default;
CatalogIndex::CatalogIndex(CatalogIndex&&) noexcept = default;
CatalogIndex& CatalogIndex::operator=(CatalogIndex&&) noexcept = default;

void CatalogIndex::put_spec(std::string_view spec_name, std::span<const Operation> operations) {
    std::vector<std::uint32_t> texts;
    texts.reserve(operations.size());
    for (const Operation& operation : operations) texts.push_back(state_->texts.retain(operation.text_hash));
    Segment segment(operations, texts, state_->dictionary, state_->reader);
    state_->operations += segment.size();
    // The new texts are retained before the old ones are released, so that texts in both keep their vectors.
    if (const auto old = state_->segments.find(spec_name); old != state_->segments.end()) {
        state_->drop(old->second);
        old->second = std::move(segment);
    } else {
        state_->segments.emplace(spec_name, std::move(segment));
    }
}

bool CatalogIndex::remove_spec(std::string_view spec_name) {
    const auto found = state_->segments.find(spec_name);
    if (found == state_->segments.end()) return false;
    state_->drop(found->second);
    state_->segments.erase(found);
    return true;
}

void CatalogIndex::set_dimension(std::size_t dimension) {
    if (dimension != state_->vectors.dimension()) state_->vectors.reset(dimension);
}

bool CatalogIndex::put_vector(const Sha256& text_hash, std::span<const float> values) {
    const std::uint32_t* const number = state_->texts.find(text_hash);
    return number != nullptr && state_->vectors.set(*number, values);
}

void CatalogIndex::clear_vectors() {
    state_->vectors.reset(state_->vectors.dimension());
}

bool CatalogIndex::has_vector(const Sha256& text_hash) const {
    const std::uint32_t* const number = state_->texts.find(text_hash);
    return number != nullptr && state_->vectors.has(*number);
}

std::vector<Sha256> CatalogIndex::texts_without_vector() const {
    std::vector<Sha256> hashes;
    state_->texts.each([&](const Sha256& hash, std::uint32_t number) {
        if (!state_->vectors.has(number)) hashes.push_back(hash);
    });
    return hashes;
}

std::size_t CatalogIndex::specs() const noexcept {
    return state_->segments.size();
}
std::size_t CatalogIndex::operations() const noexcept {
    return state_->operations;
}
std::size_t CatalogIndex::texts() const noexcept {
    return state_->texts.size();
}
std::size_t CatalogIndex::vectors() const noexcept {
    return state_->vectors.size();
}
std::size_t CatalogIndex::dimension() const noexcept {
    return state_->vectors.dimension();
}

std::size_t CatalogIndex::memory() const noexcept {
    std::size_t bytes = state_->dictionary.memory() + state_->texts.memory() + state_->vectors.memory();
    for (const auto& [name, segment] : state_->segments)
        bytes += segment.memory() + name.capacity() + 4 * sizeof(void*);
    return bytes;
}

std::vector<Ranked> CatalogIndex::rank(const Query& query) const {
    const Question question = read_question(query.text, state_->dictionary);
    const std::vector<float> cosines =
        query.mode == RankingMode::lexical ? std::vector<float>{} : state_->vectors.cosines(query.vector);
    if (question.concepts.empty() && cosines.empty()) {
        return state_->hits(state_->first(query));
    }
    const RankingMode mode = cosines.empty() ? RankingMode::lexical : query.mode;
    const std::vector<float> lexical = mode == RankingMode::semantic ? std::vector<float>{} : state_->lexical(question);
    std::vector<Candidate> best = state_->fuse(lexical, cosines, query, mode);
    keep_best(best, query.limit);
    return state_->hits(best);
}

}  // namespace embedq::ranking

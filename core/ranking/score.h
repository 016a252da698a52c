// The lexical score of a segment's operations for a question: BM25F, then how well verbs, quantity and extent agree.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <span>

#include "ranking/query.h"
#include "ranking/segment.h"

namespace embedq::ranking {

// BM25's k1, in the weighted frequencies of Segment.
inline constexpr float saturation = 1.0F;

// ln(1 + (n - df + 0.5) / (df + 0.5)).
[[nodiscard]] float inverse_frequency(std::size_t operations, std::size_t with_term);

// A question with its terms and weights in one catalog.
class Scorer {
public:
    Scorer(const Question& question, const Dictionary& dictionary, std::size_t operations);

    // The score of each operation in [0, 1], 0 where nothing matches. `out` has one element per operation, all 0.
    void score(const Segment& segment, std::span<float> out) const;

private:
    struct Term {
        TermId id;
        float weight;  // concept × alternative × inverse frequency, as a share of the best score possible
    };
    struct Group {
        std::vector<Term> terms;
    };

    [[nodiscard]] float agreement(const OperationFacts& facts, std::size_t head_matches) const;

    std::vector<Group> groups_;
    Verbs verbs_;
    Quantity quantity_;
};

}  // namespace embedq::ranking

#include "ranking/score.h"

#include <algorithm>
#include <cmath>

namespace embedq::ranking {
namespace {

// The part of the score that is kept if the operation does something else than asked, returns one thing where many are
// asked for or the reverse, or has a head that no word of the question matches.
constexpr float other_verb = 0.75F;
constexpr float other_quantity = 0.94F;
constexpr float head_unasked = 0.65F;
constexpr float per_path_segment = 0.006F;
constexpr std::size_t max_depth = 10;

}  // namespace

float inverse_frequency(std::size_t operations, std::size_t with_term) {
    const auto n = static_cast<double>(operations);
    const auto df = static_cast<double>(with_term);
    return static_cast<float>(std::log(1 + (n - df + 0.5) / (df + 0.5)));
}

Scorer::Scorer(const Question& question, const Dictionary& dictionary, std::size_t operations)
    : verbs_(question.verbs), quantity_(question.quantity) {
    float best = 0;
    for (const Concept& wanted : question.concepts) {
        const std::uint32_t own = dictionary.frequency(wanted.alternatives.front().stem);
        // A word that is not in the catalog has the worth of its best synonym. Without one it counts as missing.
        float worth = own > 0 ? inverse_frequency(operations, own) : 0;
        Group group;
        for (const Alternative& alternative : wanted.alternatives) {
            const TermId* const id = dictionary.find(alternative.stem);
            if (id == nullptr || dictionary.frequency(*id) == 0) continue;
            float rarity = inverse_frequency(operations, dictionary.frequency(*id));
            if (own > 0) rarity = std::min(rarity, worth);
            group.terms.push_back({*id, wanted.weight * alternative.weight * rarity});
        }
        if (own == 0) {
            for (const Term& term : group.terms) worth = std::max(worth, term.weight / wanted.weight);
            if (group.terms.empty()) worth = inverse_frequency(operations, 0) * 0.5F;
        }
        best += wanted.weight * worth;
        if (!group.terms.empty()) groups_.push_back(std::move(group));
    }
    for (Group& group : groups_) {
        for (Term& term : group.terms) term.weight /= best;
    }
}

float Scorer::agreement(const OperationFacts& facts, std::size_t head_matches) const {
    float kept = 1;
    if (verbs_ != 0 && (verbs_ & facts.verbs) == 0) kept *= other_verb;
    if (facts.read && ((quantity_ == Quantity::many && facts.item) || (quantity_ == Quantity::one && !facts.item)))
        kept *= other_quantity;
    const float asked = facts.head_terms == 0
                            ? 0
                            : std::min(1.0F, static_cast<float>(head_matches) / static_cast<float>(facts.head_terms));
    kept *= head_unasked + (1 - head_unasked) * asked;
    return kept * (1 - per_path_segment * static_cast<float>(std::min<std::size_t>(facts.depth, max_depth)));
}

void Scorer::score(const Segment& segment, std::span<float> out) const {
    struct Best {
        float value = 0;
        bool head = false;
    };
    std::vector<Best> best(segment.size());
    std::vector<std::uint8_t> heads(segment.size());
    std::vector<std::uint32_t> touched;
    for (const Group& group : groups_) {
        touched.clear();
        for (const Term& term : group.terms) {
            segment.each(term.id, [&](std::uint32_t operation, float frequency, bool head) {
                Best& entry = best[operation];
                if (entry.value == 0) touched.push_back(operation);
                entry.value = std::max(entry.value, term.weight * frequency / (saturation + frequency));
                entry.head = entry.head || head;
            });
        }
        for (const std::uint32_t operation : touched) {
            out[operation] += best[operation].value;
            if (best[operation].head && heads[operation] < 255) ++heads[operation];
            best[operation] = {};
        }
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i] > 0) out[i] = std::min(1.0F, out[i] * agreement(segment.facts(i), heads[i]));
    }
}

}  // namespace embedq::ranking

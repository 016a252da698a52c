// The semantic half of a hybrid ranking under evaluation: the offline provider, or a made-up one whose strength is
// known.
//
// Made-up halves place each operation's text at a random direction that it partly shares with the operations of its
// tag, as texts of one subject lie together for a model. A question's vector is drawn towards that of its answer by a
// cosine that varies from question to question. The same text always gets the same vector. Thread-safety: an object
// belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/error.h"

namespace embedq::evaluation {

class SemanticHalf {
public:
    virtual ~SemanticHalf() = default;
    [[nodiscard]] virtual std::size_t dimension() const = 0;
    [[nodiscard]] virtual double weight() const = 0;  // what its provider's `semantic_weight` is or would be
    virtual void embed(const Operation& operation, std::span<float> out) = 0;
    // `answer` is an operation that is accepted: made-up halves know it, real ones pass it over.
    virtual void embed(std::string_view question, const Operation& answer, std::span<float> out) = 0;
};

struct HalfKind {
    std::string_view name;
    std::string_view what;
    bool bounded = false;  // hybrid ranking with it is held to the bound
};

[[nodiscard]] std::span<const HalfKind> half_kinds();
// `not_found`, with the names there are, for another name.
[[nodiscard]] Result<std::unique_ptr<SemanticHalf>> make_half(std::string_view name);

}  // namespace embedq::evaluation

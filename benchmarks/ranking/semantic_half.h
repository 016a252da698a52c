// The semantic half of a hybrid ranking under evaluation: the offline provider, or a made-up one whose strength is
// known.
//
// Made-up halves give each operation's text a random direction that it partly shares with the operations of its tag, as
// a model puts texts on one subject close together. A question's vector has a cosine with that of its answer that
// varies from question to question. The same text always has the same vector. Thread-safety: an object belongs to one
// thread at a time.
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
    [[nodiscard]] virtual double weight() const = 0;  // the `semantic_weight` of its provider, or what it would be
    virtual void embed(const Operation& operation, std::span<float> out) = 0;
    // `answer` is an accepted operation: made-up halves use it, real ones ignore it.
    virtual void embed(std::string_view question, const Operation& answer, std::span<float> out) = 0;
};

struct HalfKind {
    std::string_view name;
    std::string_view what;
    bool bounded = false;  // the bound holds for hybrid ranking with it
};

[[nodiscard]] std::span<const HalfKind> half_kinds();
// `not_found`, with a list of the names, for another name.
[[nodiscard]] Result<std::unique_ptr<SemanticHalf>> make_half(std::string_view name);

}  // namespace embedq::evaluation

#include "loader/embed_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "embedq/support/store_rules.h"

namespace embedq::plugins {
namespace {

// Sorted by text, the first error of each text; false when an index is out of range.
bool order_errors(std::vector<TextError>& errors, std::size_t texts) {
    if (std::ranges::any_of(errors, [&](const TextError& error) { return error.index >= texts; })) return false;
    std::ranges::stable_sort(errors, {}, &TextError::index);
    const auto doubles = std::ranges::unique(errors, {}, &TextError::index);
    errors.erase(doubles.begin(), doubles.end());
    return true;
}

Status check_shape(const EmbedResult& result, std::size_t texts, std::size_t dimension) {
    if (result.dimension != dimension) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("returned vectors of dimension {}, but its info says {}", result.dimension, dimension),
                    "the model behind the name may have changed, so check the provider's model");
    }
    if (result.matrix.size() % dimension != 0) {
        return fail(ErrorKind::internal,
                    fmt::format("returned {} numbers, which is not a whole number of rows of dimension {}",
                                result.matrix.size(), dimension));
    }
    const std::size_t rows = result.matrix.size() / dimension;
    if (rows != texts) {
        return fail(ErrorKind::internal, fmt::format("returned {} row{} for {} text{}", rows, rows == 1 ? "" : "s",
                                                     texts, texts == 1 ? "" : "s"));
    }
    return {};
}

}  // namespace

Status validate_info(const ProviderInfo& info) {
    if (info.dimension == 0)
        return fail(ErrorKind::misconfigured, "reports dimension 0 for its vectors, but it must be at least 1");
    if (info.endpoints.empty())
        return fail(ErrorKind::misconfigured, "reports no endpoint, but must report at least one");
    if (!(info.semantic_weight >= 0 && info.semantic_weight <= 1)) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("reports the semantic weight {}, but it must be from 0 to 1", info.semantic_weight));
    }
    return {};
}

Result<EmbedResult> validate_embed_result(EmbedResult result, std::size_t texts, std::size_t dimension) {
    if (!order_errors(result.errors, texts)) {
        return fail(ErrorKind::internal,
                    fmt::format("returned an error for a text beyond the {} of the request", texts));
    }
    if (result.matrix.empty() && texts > 0 && result.errors.size() == texts) {
        result.matrix.assign(texts * dimension, 0.0F);
        result.dimension = dimension;
    }
    if (auto shape = check_shape(result, texts, dimension); !shape) return std::unexpected(std::move(shape.error()));

    std::vector<TextError> errors;
    auto known = result.errors.begin();
    for (std::size_t i = 0; i < texts; ++i) {
        if (known != result.errors.end() && known->index == i) {
            errors.push_back(std::move(*known++));
        } else if (const char* problem = validate_vector(std::span(result.matrix).subspan(i * dimension, dimension))) {
            errors.push_back({i, Error{ErrorKind::internal, fmt::format("the vector returned for text {} of {} {}",
                                                                        i + 1, texts, problem)}});
        }
    }
    result.errors = std::move(errors);
    return result;
}

}  // namespace embedq::plugins

#include "http/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace embedq::http {

// Without branches in the loop, so that the compiler vectorises it.
std::string problem_with_values(std::span<const float> values) {
    constexpr std::uint32_t exponent = 0x7F80'0000U;
    constexpr std::uint32_t magnitude = 0x7FFF'FFFFU;
    std::uint32_t not_finite = 0;
    std::uint32_t any = 0;
    for (const float value : values) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        not_finite |= static_cast<std::uint32_t>((bits & exponent) == exponent);
        any |= bits & magnitude;
    }
    if (not_finite != 0) return "has a value that is not finite as float32";
    if (any == 0) return "is all zero, which has no direction";
    return {};
}

Status order_by_index(std::vector<Row>& rows, std::vector<float>& matrix, std::size_t dimension) {
    const auto indexed =
        static_cast<std::size_t>(std::ranges::count_if(rows, [](const Row& row) { return row.index.has_value(); }));
    if (indexed == 0) return {};
    if (indexed < rows.size()) {
        return fail(
            ErrorKind::internal,
            fmt::format("{} of the answer's {} vectors have an index: expected all or none", indexed, rows.size()));
    }
    std::vector<bool> taken(rows.size());
    for (const Row& row : rows) {
        if (*row.index >= rows.size()) {
            return fail(ErrorKind::internal,
                        fmt::format("the answer has a vector with the index {}: expected a number from 0 to {}",
                                    *row.index, rows.size() - 1));
        }
        if (taken[*row.index])
            return fail(ErrorKind::internal, fmt::format("the answer has two vectors with the index {}", *row.index));
        taken[*row.index] = true;
    }
    const auto values = [&](std::size_t i) { return std::span(matrix).subspan(i * dimension, dimension); };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        while (*rows[i].index != i) {
            const auto home = static_cast<std::size_t>(*rows[i].index);
            std::swap(rows[i], rows[home]);
            std::ranges::swap_ranges(values(i), values(home));
        }
    }
    return {};
}

Status check_dimensions(std::vector<Row>& rows, std::size_t dimension, bool expected) {
    std::size_t right = 0;
    std::size_t empty = 0;
    const Row* wrong = nullptr;
    bool wrong_ones_differ = false;
    for (Row& row : rows) {
        if (row.size == 0) {
            if (!row.problem.empty()) continue;
            if (row.seen) ++empty;
            row.problem = row.seen ? "is empty" : "is missing";
        } else if (row.size == dimension) {
            ++right;
        } else {
            wrong_ones_differ = wrong_ones_differ || (wrong != nullptr && wrong->size != row.size);
            wrong = &row;
            if (row.problem.empty()) row.problem = fmt::format("has dimension {}: expected {}", row.size, dimension);
        }
    }
    if (empty == rows.size()) return fail(ErrorKind::internal, "the answer has only empty vectors");
    if (wrong == nullptr || (expected && right > 0)) return {};
    if (expected && !wrong_ones_differ) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("the answer's vectors have dimension {}: expected {}", wrong->size, dimension),
                    "check the provider's model, since the name may now stand for another model");
    }
    return fail(ErrorKind::internal,
                fmt::format("the answer's vectors have different dimensions, {} and {} among them: expected {} for all",
                            expected ? rows.front().size : dimension, wrong->size,
                            expected ? std::to_string(dimension) : "one"));
}

std::vector<TextError> errors_of(const std::vector<Row>& rows) {
    std::vector<TextError> errors;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        if (row.problem.empty()) continue;
        errors.push_back(
            {i, Error{ErrorKind::internal,
                      fmt::format("the vector of text {} of {} {}", i + 1, rows.size(), row.problem), row.hint}});
    }
    return errors;
}

}  // namespace embedq::http

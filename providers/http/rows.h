// The vectors of one answer as received, and the checks that concern all of them. Internal to decode.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "embedq/error.h"
#include "embedq/provider.h"

namespace embedq::http {

struct Row {
    bool seen = false;
    std::optional<std::uint64_t> index;  // as given by the server
    std::size_t size = 0;                // values received, even where they do not fit the matrix
    bool readable = false;               // the vector has a form that can be read, and at least one value
    std::string problem;                 // the predicate of a sentence about the vector; empty where it is valid
    std::string hint;
};

// Why the values are not a vector, as a Row's problem; empty where they are.
[[nodiscard]] std::string problem_with_values(std::span<const float> values);

// Moves the rows, and their values in the matrix, to the positions that their indices give; leaves them where none has
// an index. `internal` where only some have one, one is repeated, or one is out of range.
[[nodiscard]] Status order_by_index(std::vector<Row>& rows, std::vector<float>& matrix, std::size_t dimension);

// Sets the problem of rows that are missing, empty or of another dimension. `expected`: `dimension` is what the caller
// expects, and not what the first row has. `misconfigured` where all rows agree on a dimension that is not the expected
// one; `internal` where they disagree and none is known to be right, and where all are empty.
[[nodiscard]] Status check_dimensions(std::vector<Row>& rows, std::size_t dimension, bool expected);

// The problems as errors of the texts.
[[nodiscard]] std::vector<TextError> errors_of(const std::vector<Row>& rows);

}  // namespace embedq::http

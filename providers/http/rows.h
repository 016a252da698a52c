// The vectors of one answer as they came, and what must hold of them together. Internal to decode.
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
    std::optional<std::uint64_t> index;  // as the server says
    std::size_t size = 0;                // values that came, also where they are more or fewer than there is room for
    std::string fault;                   // the end of a sentence about the vector; empty where it is sound
};

// Why the values are no vector, as a Row's fault; empty where they are one.
[[nodiscard]] std::string fault_of(std::span<const float> values);

// Moves the rows, and their values in the matrix, to where their indices say; nothing where none of them has one.
// `internal` where only some have one, one stands twice, or one is out of range.
[[nodiscard]] Status place(std::vector<Row>& rows, std::vector<float>& matrix, std::size_t dimension);

// Gives a fault to rows that are missing, empty or of another dimension. `asked`: `dimension` is what the caller
// expects, and not what the first row has. `misconfigured` where all rows agree on another one than the asked;
// `internal` where they do not agree and there is none that is right for certain, and where all are empty.
[[nodiscard]] Status check_dimensions(std::vector<Row>& rows, std::size_t dimension, bool asked);

// The faults as errors of the texts.
[[nodiscard]] std::vector<TextError> errors_of(const std::vector<Row>& rows);

}  // namespace embedq::http

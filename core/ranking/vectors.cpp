#include "ranking/vectors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace embedq::ranking {
namespace {

constexpr double max_stored = 127;         // of a row's values
constexpr double max_query_value = 4'095;  // of a query's, where the sum allows it

// The sanitizers' runtimes are not ready yet when the loader resolves multiversioned functions.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(EMBEDQ_SANITIZED)
#define EMBEDQ_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define EMBEDQ_VECTOR_CLONES
#endif

// Integer sums are exact, so every clone returns the same result.
EMBEDQ_VECTOR_CLONES
void dot_rows(const std::int8_t* rows, std::size_t count, const std::int16_t* query, std::size_t dimension,
              std::int32_t* out) {
    for (std::size_t row = 0; row < count; ++row) {
        const std::int8_t* const values = rows + row * dimension;
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < dimension; ++i) sum += static_cast<std::int16_t>(values[i]) * query[i];
        out[row] = sum;
    }
}

// The norm and the largest magnitude. Not usable if the norm is 0 or not finite.
struct Extent {
    double norm = 0;
    float largest = 0;
    [[nodiscard]] bool usable() const { return std::isfinite(norm) && norm > 0; }
};

Extent extent(std::span<const float> values) {
    double squares = 0;
    float largest = 0;
    for (const float value : values) {
        squares += static_cast<double>(value) * value;
        largest = std::max(largest, std::abs(value));
    }
    return {std::sqrt(squares), largest};
}

}  // namespace

void VectorTable::reset(std::size_t dimension) {
    dimension_ = dimension;
    filled_ = 0;
    chunks_.clear();
    scales_.clear();
}

bool VectorTable::set(std::size_t row, std::span<const float> values) {
    if (dimension_ == 0 || values.size() != dimension_) return false;
    const Extent size = extent(values);
    if (!size.usable()) return false;
    while (chunks_.size() <= row / chunk_rows) {
        chunks_.push_back(std::make_unique<std::int8_t[]>(chunk_rows * dimension_));
        scales_.resize(chunks_.size() * chunk_rows);
    }
    std::int8_t* const out = chunks_[row / chunk_rows].get() + row % chunk_rows * dimension_;
    const double up = max_stored / size.largest;
    for (std::size_t i = 0; i < dimension_; ++i) out[i] = static_cast<std::int8_t>(std::lround(values[i] * up));
    // The scale is for the rounded values, not for the given ones: that halves the error of a cosine.
    double squares = 0;
    for (std::size_t i = 0; i < dimension_; ++i) squares += out[i] * out[i];
    if (!has(row)) ++filled_;
    scales_[row] = static_cast<float>(1.0 / std::sqrt(squares));
    return true;
}

void VectorTable::erase(std::size_t row) noexcept {
    if (!has(row)) return;
    scales_[row] = 0;
    --filled_;
}

std::vector<float> VectorTable::cosines(std::span<const float> query) const {
    if (dimension_ == 0 || query.size() != dimension_) return {};
    const Extent size = extent(query);
    if (!size.usable()) return {};
    // As fine as a 32-bit sum of `dimension` products allows.
    const double bound =
        static_cast<double>(std::numeric_limits<std::int32_t>::max()) / (max_stored * static_cast<double>(dimension_));
    const double up = std::floor(std::min(max_query_value, bound)) / size.largest;
    std::vector<std::int16_t> quantised(dimension_);
    double squares = 0;
    for (std::size_t i = 0; i < dimension_; ++i) {
        quantised[i] = static_cast<std::int16_t>(std::lround(query[i] * up));
        squares += static_cast<double>(quantised[i]) * quantised[i];
    }
    const double down = 1.0 / std::sqrt(squares);

    std::vector<float> result(scales_.size());
    std::vector<std::int32_t> sums(chunk_rows);
    for (std::size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
        dot_rows(chunks_[chunk].get(), chunk_rows, quantised.data(), dimension_, sums.data());
        for (std::size_t i = 0; i < chunk_rows; ++i) {
            const std::size_t row = chunk * chunk_rows + i;
            result[row] = static_cast<float>(std::clamp(sums[i] * down * scales_[row], -1.0, 1.0));
        }
    }
    return result;
}

std::size_t VectorTable::memory() const noexcept {
    return chunks_.size() * chunk_rows * dimension_ + scales_.capacity() * sizeof(float);
}

}  // namespace embedq::ranking

// Vectors held compactly: 8 bits a value with one scale per row, in chunks, so that growing never copies them.
//
// A row keeps the direction of its vector: cosines come out within 0.004 of those of the floats (tested), mostly far
// closer. Thread-safety: const members from many threads at once; writers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace embedq::ranking {

class VectorTable {
public:
    // Drops all rows.
    void reset(std::size_t dimension);
    [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
    [[nodiscard]] std::size_t size() const noexcept { return filled_; }  // rows that are set

    // False when the row has another dimension, is not finite or is all zero.
    bool set(std::size_t row, std::span<const float> values);
    void erase(std::size_t row) noexcept;
    [[nodiscard]] bool has(std::size_t row) const noexcept { return row < scales_.size() && scales_[row] > 0; }
    // The cosine of each row with the query, in [-1, 1]; 0 for rows that are not set. Empty when the query is of
    // another dimension, not finite or all zero.
    [[nodiscard]] std::vector<float> cosines(std::span<const float> query) const;
    [[nodiscard]] std::size_t memory() const noexcept;

private:
    static constexpr std::size_t chunk_rows = 1024;
    std::size_t dimension_ = 0;
    std::size_t filled_ = 0;
    std::vector<std::unique_ptr<std::int8_t[]>> chunks_;
    std::vector<float> scales_;  // 0: not set
};

}  // namespace embedq::ranking

// A compact table of vectors: 8 bits per value and one scale per row, in chunks, so that growing never copies them.
//
// A row keeps the direction of its vector: cosines are within 0.004 of those of the floats (tested), and mostly much
// closer. Thread-safety: const members may be called from several threads at a time; a writer must be alone.
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

    // False if the values have another dimension, are not finite or are all zero.
    bool set(std::size_t row, std::span<const float> values);
    void erase(std::size_t row) noexcept;
    [[nodiscard]] bool has(std::size_t row) const noexcept { return row < scales_.size() && scales_[row] > 0; }
    // The cosine of each row with the query, in [-1, 1]; 0 for rows that are not set. Empty if the query has another
    // dimension, is not finite or is all zero.
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

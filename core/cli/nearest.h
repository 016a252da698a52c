// The nearest right name for a wrong one. Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::cli {

// The candidate with the fewest edits, when these are few enough to be a slip.
[[nodiscard]] inline std::optional<std::string> nearest(std::string_view wrong, std::span<const std::string> candidates) {
    std::optional<std::string> best;
    // Two letters the wrong way round are two edits.
    std::size_t best_distance = (wrong.size() < 4 ? 1 : std::max<std::size_t>(2, wrong.size() / 3)) + 1;
    for (const std::string& candidate : candidates) {
        std::vector<std::size_t> row(candidate.size() + 1);
        for (std::size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
        for (std::size_t i = 1; i <= wrong.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const std::size_t above = row[j];
                const std::size_t replaced = diagonal + (wrong[i - 1] == candidate[j - 1] ? 0 : 1);
                row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
                diagonal = above;
            }
        }
        if (row.back() < best_distance) {
            best_distance = row.back();
            best = candidate;
        }
    }
    return best;
}

}  // namespace embedq::cli

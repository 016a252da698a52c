// The nearest right name for a wrong one, so that an error can suggest what was probably meant.
//
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedq {

// Optimal string alignment distance: insertions, deletions, substitutions, and swaps of neighbours each cost one.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

// The candidate most like `wanted`, ignoring case, if it is near enough for a typing mistake: at most a third of its
// letters and at most three differ, or one name begins with the other ("warning" for "warn").
[[nodiscard]] inline std::optional<std::string> nearest(std::string_view wanted,
                                                        std::span<const std::string> candidates) {
    // A mistake in a name this long is unlikely, and the table would be large.
    if (wanted.size() > 100) return std::nullopt;
    const auto lower = [](std::string_view text) {
        std::string out(text);
        std::ranges::transform(out, out.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        return out;
    };
    const std::string folded = lower(wanted);
    std::optional<std::string> best;
    std::size_t fewest = 0;
    for (const std::string& candidate : candidates) {
        const std::size_t allowed = std::clamp<std::size_t>(std::min(wanted.size(), candidate.size()) / 3, 1, 3);
        const std::string other = lower(candidate);
        const bool begins =
            std::min(folded.size(), other.size()) >= 4 && (folded.starts_with(other) || other.starts_with(folded));
        const std::size_t edits = begins ? 1 : edit_distance(folded, other);
        if (edits > allowed || edits >= std::max(wanted.size(), candidate.size())) continue;
        if (!best || edits < fewest) {
            best = candidate;
            fewest = edits;
        }
    }
    return best;
}

}  // namespace embedq

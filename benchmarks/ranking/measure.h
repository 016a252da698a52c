// Ranks of right answers, measures of them with confidence intervals, and the bound for hybrid ranking.
//
// Thread-safety: pure functions over plain values.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::evaluation {

// The place of the first right answer for each question; 0 if it is not in the first `deepest_rank`.
using Ranks = std::vector<std::size_t>;
inline constexpr std::size_t deepest_rank = 100;

enum class Metric : std::size_t { recall_at_1, recall_at_5, recall_at_10, reciprocal_rank };
inline constexpr std::array<std::string_view, 4> metric_names{"R@1", "R@5", "R@10", "MRR"};

// What one question contributes: 0 or 1, or 1/rank.
[[nodiscard]] double contribution(Metric metric, std::size_t rank);
// The mean over the questions, in [0, 1]. There is at least one question.
[[nodiscard]] double mean(Metric metric, const Ranks& ranks);

struct Interval {
    double low = 0;
    double high = 0;
};
// 95 % of the means of 2,000 draws of as many questions with replacement, from a fixed seed.
[[nodiscard]] Interval confidence(Metric metric, const Ranks& ranks);
// The same for the mean of a - b, question by question.
[[nodiscard]] Interval confidence_of_difference(Metric metric, const Ranks& a, const Ranks& b);

// The measurements of one set with one semantic half.
struct Comparison {
    std::string set;
    std::string half;
    double weight = 0;
    bool bounded = false;
    Ranks lexical;
    Ranks semantic;
    Ranks hybrid;
};

// Differences below this are rounding errors.
inline constexpr double rounding = 1e-9;

// Hybrid ranking may be below its better half by one point or by one question, whichever is more: in a set of 20, one
// question is five points.
struct Loss {
    Metric metric{};
    std::string_view better;  // "lexical" or "semantic"
    double best = 0;
    double hybrid = 0;
    double questions = 0;  // (best - hybrid) × questions; negative if hybrid is above both
    double allowed = 0;
    [[nodiscard]] bool breach() const { return questions > allowed + rounding; }
};
[[nodiscard]] std::vector<Loss> losses(const Comparison& comparison);
// "github-dev with lexical at 0.30: hybrid R@1 80.0, lexical 90.0: 3.0 questions of 30 lost, 1.0 allowed"
[[nodiscard]] std::string sentence(const Comparison& comparison, const Loss& loss);

}  // namespace embedq::evaluation

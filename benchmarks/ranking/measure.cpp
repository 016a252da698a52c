#include "ranking/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace embedq::evaluation {
namespace {

constexpr std::size_t draws = 2000;
constexpr double allowed_share = 0.01;
constexpr double allowed_questions = 1;

Interval resampled(std::span<const double> values) {
    std::mt19937_64 generator(42);
    std::vector<double> means(draws);
    for (double& one : means) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) sum += values[generator() % values.size()];
        one = sum / static_cast<double>(values.size());
    }
    std::ranges::sort(means);
    return {means[draws / 40], means[draws - 1 - draws / 40]};
}

}  // namespace

double contribution(Metric metric, std::size_t rank) {
    if (rank == 0) return 0;
    switch (metric) {
        case Metric::recall_at_1: return rank <= 1 ? 1 : 0;
        case Metric::recall_at_5: return rank <= 5 ? 1 : 0;
        case Metric::recall_at_10: return rank <= 10 ? 1 : 0;
        case Metric::reciprocal_rank: break;
    }
    return 1.0 / static_cast<double>(rank);
}

double mean(Metric metric, const Ranks& ranks) {
    double sum = 0;
    for (const std::size_t rank : ranks) sum += contribution(metric, rank);
    return sum / static_cast<double>(ranks.size());
}

Interval confidence(Metric metric, const Ranks& ranks) {
    std::vector<double> values;
    for (const std::size_t rank : ranks) values.push_back(contribution(metric, rank));
    return resampled(values);
}

Interval confidence_of_difference(Metric metric, const Ranks& a, const Ranks& b) {
    std::vector<double> values;
    for (std::size_t i = 0; i < a.size(); ++i)
        values.push_back(contribution(metric, a[i]) - contribution(metric, b[i]));
    return resampled(values);
}

std::vector<Loss> losses(const Comparison& comparison) {
    std::vector<Loss> result;
    const auto count = static_cast<double>(comparison.hybrid.size());
    for (std::size_t i = 0; i < metric_names.size(); ++i) {
        const auto metric = static_cast<Metric>(i);
        const double lexical = mean(metric, comparison.lexical);
        const double semantic = mean(metric, comparison.semantic);
        const double hybrid = mean(metric, comparison.hybrid);
        const double best = std::max(lexical, semantic);
        result.push_back({metric, lexical >= semantic ? "lexical" : "semantic", best, hybrid, (best - hybrid) * count,
                          std::max(allowed_questions, allowed_share * count)});
    }
    return result;
}

std::string sentence(const Comparison& comparison, const Loss& loss) {
    return fmt::format("{} with {} at {:.2f}: hybrid {} {:.1f}, {} {:.1f}: {:.1f} questions of {} lost, {:.1f} allowed",
                       comparison.set, comparison.half, comparison.weight,
                       metric_names[static_cast<std::size_t>(loss.metric)], 100 * loss.hybrid, loss.better,
                       100 * loss.best, loss.questions, comparison.hybrid.size(), loss.allowed);
}

}  // namespace embedq::evaluation

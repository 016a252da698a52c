#include "ranking/report.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace embedq::evaluation {
namespace {

using Json = nlohmann::ordered_json;

// The value of "KEY : VALUE" or "KEY=VALUE" in a file of the system.
std::string value_in(const char* file, std::string_view key) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        if (!line.starts_with(key)) continue;
        const std::size_t begin = line.find_first_not_of(" \t:=\"", key.size());
        if (begin == std::string::npos) return {};
        return line.substr(begin, line.find_last_not_of('"') - begin + 1);
    }
    return "unknown";
}

std::string percent(double share) {
    return fmt::format("{:5.1f}", 100 * share);
}

std::string line(std::string_view set, std::string_view half, std::string_view mode, const Ranks& ranks,
                 const std::string& difference) {
    const Interval five = confidence(Metric::recall_at_5, ranks);
    const Interval reciprocal = confidence(Metric::reciprocal_rank, ranks);
    return fmt::format("{:<22} {:<19} {:<8} {} {} [{}, {}] {} {:.3f} [{:.3f}, {:.3f}] {}\n", set, half, mode,
                       percent(mean(Metric::recall_at_1, ranks)), percent(mean(Metric::recall_at_5, ranks)),
                       percent(five.low), percent(five.high), percent(mean(Metric::recall_at_10, ranks)),
                       mean(Metric::reciprocal_rank, ranks), reciprocal.low, reciprocal.high, difference);
}

const Ranks& better_half(const Comparison& comparison, const Loss& loss) {
    return loss.better == "lexical" ? comparison.lexical : comparison.semantic;
}

// Hybrid minus its better half in mean reciprocal rank, and the questions lost in each metric.
std::string summary(const Comparison& comparison) {
    const std::vector<Loss> all = losses(comparison);
    const Loss& reciprocal = all.back();
    const Interval interval =
        confidence_of_difference(Metric::reciprocal_rank, comparison.hybrid, better_half(comparison, reciprocal));
    std::string text =
        fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", reciprocal.hybrid - reciprocal.best, interval.low, interval.high);
    for (const Loss& loss : all) {
        if (loss.questions <= rounding) continue;
        text += fmt::format(" {} -{:.1f}{}", metric_names[static_cast<std::size_t>(loss.metric)], loss.questions,
                            loss.breach() ? "!" : "");
    }
    return text;
}

Json measures(const Ranks& ranks) {
    Json result;
    for (std::size_t i = 0; i < metric_names.size(); ++i) {
        const auto metric = static_cast<Metric>(i);
        const Interval interval = confidence(metric, ranks);
        result[std::string(metric_names[i])] = {
            {"mean", mean(metric, ranks)}, {"low", interval.low}, {"high", interval.high}};
    }
    return result;
}

Json bound(const Comparison& comparison) {
    Json result;
    for (const Loss& loss : losses(comparison)) {
        const Interval interval =
            confidence_of_difference(loss.metric, comparison.hybrid, better_half(comparison, loss));
        result[std::string(metric_names[static_cast<std::size_t>(loss.metric)])] = {
            {"better_half", loss.better}, {"difference", loss.hybrid - loss.best}, {"low", interval.low},
            {"high", interval.high},      {"questions_lost", loss.questions},      {"questions_allowed", loss.allowed},
            {"breach", loss.breach()},
        };
    }
    return result;
}

}  // namespace

Facts machine_facts() {
    utsname system{};
    uname(&system);
    double kibibytes = 0;
    const std::string memory = value_in("/proc/meminfo", "MemTotal");
    if (memory != "unknown") kibibytes = std::stod(memory);
    std::string load;
    std::getline(std::ifstream("/proc/loadavg"), load);
#ifdef NDEBUG
    const char* const build = "optimized, no assertions";
#else
    const char* const build = "with assertions";
#endif
    return {{"cpu",
             fmt::format("{}, {} cores", value_in("/proc/cpuinfo", "model name"), std::thread::hardware_concurrency())},
            {"memory", fmt::format("{:.1f} GiB", kibibytes / 1048576)},
            {"system",
             fmt::format("{} {}, {}", system.sysname, system.release, value_in("/etc/os-release", "PRETTY_NAME"))},
            {"compiler", fmt::format("g++ {}, {}", __VERSION__, build)},
            {"load", load}};
}

std::string table(const std::vector<SetReport>& reports) {
    std::string text = fmt::format("{:<22} {:<19} {:<8} {:>5} {:>5} {:>14} {:>5} {:>5} {:>16} {}\n", "set (questions)",
                                   "semantic half", "mode", "R@1", "R@5", "95 %", "R@10", "MRR", "95 %",
                                   "MRR minus better half, 95 %; questions lost (! = breach)");
    for (const SetReport& report : reports) {
        const std::string name = fmt::format("{} ({})", report.set.name, report.questions);
        bool first = true;
        for (const Comparison& comparison : report.comparisons) {
            const std::string half = fmt::format("{} {:.2f}", comparison.half, comparison.weight);
            if (first) text += line(name, "", "lexical", comparison.lexical, "");
            text += line("", half, "semantic", comparison.semantic, "");
            text += line("", half, "hybrid", comparison.hybrid, summary(comparison));
            first = false;
        }
    }
    return text;
}

std::string json(const Facts& facts, const std::vector<SetReport>& reports) {
    Json machine;
    for (const auto& [name, value] : facts) machine[name] = value;
    Json sets = Json::array();
    for (const SetReport& report : reports) {
        Json halves = Json::array();
        for (const Comparison& comparison : report.comparisons) {
            halves.push_back({{"semantic_half", comparison.half},
                              {"semantic_weight", comparison.weight},
                              {"held_to_bound", comparison.bounded},
                              {"lexical", measures(comparison.lexical)},
                              {"semantic", measures(comparison.semantic)},
                              {"hybrid", measures(comparison.hybrid)},
                              {"hybrid_minus_better_half", bound(comparison)}});
        }
        sets.push_back({{"set", report.set.name},
                        {"documents", report.set.documents},
                        {"tuning", report.set.tuning},
                        {"operations", report.operations},
                        {"questions", report.questions},
                        {"documents_refused", report.refused},
                        {"halves", halves}});
    }
    return Json{{"machine", machine}, {"sets", sets}}.dump(2) + "\n";
}

std::vector<std::string> breaches(const std::vector<SetReport>& reports) {
    std::vector<std::string> sentences;
    for (const SetReport& report : reports) {
        for (const Comparison& comparison : report.comparisons) {
            if (!comparison.bounded) continue;
            for (const Loss& loss : losses(comparison)) {
                if (loss.breach()) sentences.push_back(sentence(comparison, loss));
            }
        }
    }
    return sentences;
}

}  // namespace embedq::evaluation

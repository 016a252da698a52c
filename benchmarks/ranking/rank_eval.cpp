// Measures how good the ranking is: recall in the first 1, 5 and 10 and mean reciprocal rank, for lexical, semantic and
// hybrid ranking, and whether hybrid ranking stays within its bound below the better half.
//
// Workloads, from a table of sets (documents.h):
//   questions  questions in plain words over one or more documents, each with the operation ids that are accepted
//   summaries  the query is an operation's summary, the target the same operation indexed without it
// each with the offline provider's vectors, or with made-up ones whose strength is known (--half).
//
// Exit status: 0 done, 1 with --check if the bound is breached, 2 bad usage or input.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <set>

#include "ranking/evaluation.h"
#include "ranking/report.h"

namespace {

using namespace embedq::evaluation;

struct Settings {
    std::string documents;
    std::string sets;
    std::vector<std::string> only;
    std::vector<std::string> halves;
    std::vector<double> weights;
    std::string json_file;
    std::string commit;
    bool show = false;
    bool check = false;
};

int report_error(const std::string& message) {
    std::cerr << "embedq_rank_eval: " << message << "\n";
    return 2;
}

embedq::Result<SetReport> evaluate(const QuestionSet& set, const Settings& settings) {
    auto evaluation = Evaluation::open(set, settings.documents, std::filesystem::path(settings.sets).parent_path());
    if (!evaluation) return std::unexpected(evaluation.error());
    SetReport report{set, evaluation->operations(), evaluation->questions(), evaluation->refused(), {}};
    for (const HalfKind& kind : half_kinds()) {
        if (std::ranges::find(settings.halves, kind.name) == settings.halves.end()) continue;
        auto half = make_half(kind.name);
        if (!half) return std::unexpected(half.error());
        for (const double weight :
             settings.weights.empty() ? std::vector<double>{(*half)->weight()} : settings.weights) {
            report.comparisons.push_back(evaluation->compare(kind, **half, weight));
            if (settings.show)
                fmt::print("{} with {} at {:.2f}, not in the first five:\n{}", set.name, kind.name, weight,
                           evaluation->misses(**half, weight));
        }
    }
    return report;
}

int run(const Settings& settings) {
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string& name : settings.halves) {
        if (auto half = make_half(name); !half) return report_error(to_string(half.error()));
    }
    const auto sets = read_sets(settings.sets);
    if (!sets) return report_error(to_string(sets.error()));
    std::vector<SetReport> reports;
    for (const QuestionSet& set : *sets) {
        if (!settings.only.empty() && std::ranges::find(settings.only, set.name) == settings.only.end()) continue;
        auto report = evaluate(set, settings);
        if (!report) return report_error(to_string(report.error()));
        reports.push_back(std::move(*report));
    }
    if (reports.empty()) return report_error(fmt::format("{} has no set with the name given by --set", settings.sets));
    Facts facts = machine_facts();
    if (!settings.commit.empty()) facts.emplace_back("commit", settings.commit);
    for (const auto& [name, value] : facts) fmt::print("{:<10} {}\n", name, value);
    fmt::print("\n{}\n", table(reports));
    if (!settings.json_file.empty()) {
        std::ofstream file(settings.json_file);
        file << json(facts, reports);
        if (!file.flush()) return report_error(fmt::format("{} cannot be written", settings.json_file));
    }
    const auto broken = breaches(reports);
    for (const std::string& sentence : broken) fmt::print("breach: {}\n", sentence);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{} breaches of the bound (one point or one question, whichever is more) in {} sets, {:.0f} s\n",
               broken.size(), reports.size(), seconds);
    return settings.check && !broken.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app("Measures how good the ranking is.");
    app.add_option("--documents", settings.documents, "folder of the documents")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--sets", settings.sets, "table of sets; the files of questions are in the same folder")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("--set", settings.only, "only this set (repeatable)")->allow_extra_args(false);
    app.add_option("--half", settings.halves, "semantic half (repeatable; lexical)")->allow_extra_args(false);
    app.add_option("--weight", settings.weights, "weight of the semantic half (repeatable; the half's own)")
        ->allow_extra_args(false);
    app.add_option("--json", settings.json_file, "file for the results");
    app.add_option("--commit", settings.commit, "shown with the facts about the machine");
    app.add_flag("--show", settings.show, "lists the questions that hybrid ranking missed");
    app.add_flag("--check", settings.check, "fails if hybrid ranking is below its better half by more than the bound");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (settings.halves.empty()) settings.halves = {"lexical"};
    return run(settings);
}

// The evaluation's results, for people and for programs.
//
// Thread-safety: pure functions, except `machine_facts`, which reads system files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ranking/evaluation.h"
#include "ranking/measure.h"

namespace embedq::evaluation {

using Facts = std::vector<std::pair<std::string, std::string>>;

struct SetReport {
    QuestionSet set;
    std::size_t operations = 0;
    std::size_t questions = 0;
    std::size_t refused = 0;
    std::vector<Comparison> comparisons;
};

// cpu, cores, memory, system, compiler, build, load.
[[nodiscard]] Facts machine_facts();

// One table: a line per set, semantic half and mode, with 95 % intervals of R@5, of MRR, and of hybrid minus its better
// half.
[[nodiscard]] std::string table(const std::vector<SetReport>& reports);
[[nodiscard]] std::string json(const Facts& facts, const std::vector<SetReport>& reports);

// A sentence for each breach of the bound, by the comparisons for which it holds.
[[nodiscard]] std::vector<std::string> breaches(const std::vector<SetReport>& reports);

}  // namespace embedq::evaluation

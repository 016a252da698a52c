// How good the ranking is: recall in the first 1, 5 and 10, and mean reciprocal rank, for each mode.
//
// Workloads:
//   questions  questions in plain words over one document, each with the operation ids that are accepted
//   general    the query is an operation's summary, the target the same operation indexed without it (extract_operations.py --drop-summary)
// usage: embedq_rank_eval OPERATIONS.TSV [--questions FILE] [--weight W]... [--dimension N] [--show] [--every N]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catalog/ranking/index.h"
#include "lexical/embedder.h"

namespace {

using embedq::RankingMode;

struct Case {
    std::string question;
    std::string document;  // empty: any
    std::set<std::string> accepted;
};

struct Settings {
    std::string operations;
    std::string questions;
    std::vector<double> weights;
    std::size_t dimension = 512;
    std::size_t every = 1;
    bool show = false;
};

struct Score {
    double first = 0, five = 0, ten = 0, reciprocal = 0;
    void add(std::size_t rank) {
        first += rank == 1 ? 1 : 0;
        five += rank >= 1 && rank <= 5 ? 1 : 0;
        ten += rank >= 1 && rank <= 10 ? 1 : 0;
        reciprocal += rank >= 1 ? 1.0 / static_cast<double>(rank) : 0;
    }
};

std::vector<std::string> split(const std::string& line, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : line) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

// Stands in for SHA-256: the index only tells texts apart by it.
embedq::Sha256 identity_of(const std::string& text) {
    embedq::Sha256 hash{};
    for (std::size_t part = 0; part < 4; ++part) {
        const std::size_t value = std::hash<std::string>{}(text + static_cast<char>('0' + part));
        std::memcpy(hash.data() + part * 8, &value, 8);
    }
    return hash;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<Case> read_questions(const std::string& path) {
    std::vector<Case> cases;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        const auto row = split(line, '\t');
        if (row.size() < 2) continue;
        const auto ids = split(row[1], ',');
        cases.push_back({row[0], {}, {ids.begin(), ids.end()}});
    }
    return cases;
}

// Fills the index; gives the cases that the operations themselves bring.
std::vector<Case> load(const Settings& settings, embedq::ranking::CatalogIndex& index) {
    std::map<std::string, std::vector<embedq::Operation>> documents;
    std::vector<Case> cases;
    std::ifstream file(settings.operations);
    for (std::string line; std::getline(file, line);) {
        const auto row = split(line, '\t');
        if (row.size() < 8) continue;
        embedq::Operation operation{row[1], row[2], row[3], row[4], split(row[5], ','), row[6], identity_of(row[6]), 0};
        documents[row[0]].push_back(std::move(operation));
        if (!row[7].empty()) cases.push_back({row[7], row[0], {row[1]}});
    }
    auto begin = std::chrono::steady_clock::now();
    for (const auto& [name, operations] : documents) index.put_spec(name, operations);
    const double indexing = seconds_since(begin);
    begin = std::chrono::steady_clock::now();
    embedq::lexical::Embedder embedder(settings.dimension);
    index.set_dimension(settings.dimension);
    std::vector<float> row(settings.dimension);
    for (const auto& [name, operations] : documents) {
        for (const auto& operation : operations) {
            if (index.has_vector(operation.text_hash)) continue;
            embedder.embed(operation.text, row);
            index.put_vector(operation.text_hash, row);
        }
    }
    std::printf("%zu operations, %zu vectors of %zu, %.0f MB; indexed in %.2f s, embedded in %.2f s\n", index.operations(), index.vectors(),
                settings.dimension, static_cast<double>(index.memory()) / 1e6, indexing, seconds_since(begin));
    return cases;
}

void run(const Settings& settings, const embedq::ranking::CatalogIndex& index, const std::vector<Case>& cases, const char* name,
         RankingMode mode, double weight) {
    embedq::lexical::Embedder embedder(settings.dimension);
    std::vector<float> vector(settings.dimension);
    Score score;
    std::size_t asked = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < cases.size(); i += settings.every) {
        const Case& one = cases[i];
        embedder.embed(one.question, vector);
        const auto hits = index.rank({one.question, vector, mode, 100, weight});
        std::size_t rank = 0;
        for (std::size_t k = 0; k < hits.size() && rank == 0; ++k) {
            const bool here = one.document.empty() || hits[k].spec_name == one.document;
            if (here && one.accepted.contains(std::string(hits[k].operation_id))) rank = k + 1;
        }
        score.add(rank);
        ++asked;
        if (settings.show && mode == RankingMode::hybrid && (rank == 0 || rank > 5)) {
            std::printf("  %zu  %s\n", rank, one.question.c_str());
            for (std::size_t k = 0; k < hits.size() && k < 5; ++k) {
                std::printf("       %.3f %s\n", hits[k].score, std::string(hits[k].operation_id).c_str());
            }
            if (rank > 0) std::printf("       … %.3f %s\n", hits[rank - 1].score, std::string(hits[rank - 1].operation_id).c_str());
        }
    }
    const auto share = [&](double sum) { return 100 * sum / static_cast<double>(asked); };
    std::printf("%-9s w=%.2f  R@1 %5.1f  R@5 %5.1f  R@10 %5.1f  MRR %.3f  (%zu queries, %.2f ms each)\n", name, weight, share(score.first),
                share(score.five), share(score.ten), score.reciprocal / static_cast<double>(asked), asked,
                1000 * seconds_since(begin) / static_cast<double>(asked));
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const auto value = [&] { return i + 1 < argc ? argv[++i] : ""; };
        if (argument == "--questions") {
            settings.questions = value();
        } else if (argument == "--weight") {
            settings.weights.push_back(std::atof(value()));
        } else if (argument == "--dimension") {
            settings.dimension = std::strtoul(value(), nullptr, 10);
        } else if (argument == "--every") {
            settings.every = std::max(1UL, std::strtoul(value(), nullptr, 10));
        } else if (argument == "--show") {
            settings.show = true;
        } else {
            settings.operations = argument;
        }
    }
    if (settings.operations.empty()) {
        std::cerr << "usage: embedq_rank_eval OPERATIONS.TSV [--questions FILE] [--weight W]... [--dimension N] [--show] [--every N]\n";
        return 2;
    }
    if (settings.weights.empty()) settings.weights = {0.3};  // the provider's
    embedq::ranking::CatalogIndex index;
    std::vector<Case> cases = load(settings, index);
    if (!settings.questions.empty()) cases = read_questions(settings.questions);
    if (cases.empty()) {
        std::cerr << "no cases: neither --questions nor a query column\n";
        return 1;
    }
    run(settings, index, cases, "lexical", RankingMode::lexical, 0);
    run(settings, index, cases, "semantic", RankingMode::semantic, 1);
    for (const double weight : settings.weights) run(settings, index, cases, "hybrid", RankingMode::hybrid, weight);
}

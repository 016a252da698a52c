// Writes idf_table.inc: the most common stems of API descriptions with their inverse document frequency.
//
// usage: embedq_derive_idf OPERATIONS.TSV COUNT > idf_table.inc
//
// The input is the output of benchmarks/ranking/extract_operations.py. Equal texts count once, and no publisher counts
// for more than `publisher_cap` operations, so that the largest clouds do not decide which words are common.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "embedq/support/words.h"
#include "lexical/embedder.h"
#include "words/common.h"
#include "words/stemmer.h"

namespace {

constexpr double publisher_cap = 300;
constexpr double min_operations = 8;  // rarer stems are names, not words

std::vector<std::string> columns(const std::string& line) {
    std::vector<std::string> result(1);
    for (const char c : line) {
        if (c == '\t') {
            result.emplace_back();
        } else {
            result.back() += c;
        }
    }
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: embedq_derive_idf OPERATIONS.TSV COUNT\n";
        return 2;
    }
    std::map<std::string, std::vector<std::string>> texts;  // by publisher
    std::unordered_set<std::string> seen;
    std::ifstream file(argv[1]);
    for (std::string line; std::getline(file, line);) {
        const auto row = columns(line);
        if (row.size() < 7 || !seen.insert(row[6]).second) continue;
        texts[row[0].substr(0, row[0].find('/'))].push_back(row[6]);
    }
    embedq::words::Stemmer stemmer;
    std::map<std::string, double> frequency;
    double operations = 0;
    for (const auto& [publisher, own] : texts) {
        const double each = std::min(1.0, publisher_cap / static_cast<double>(own.size()));
        for (const std::string& text : own) {
            operations += each;
            std::unordered_set<std::string> stems;
            embedq::for_each_word(text, [&](std::string_view word) {
                if (embedq::words::is_stop_word(word)) return;
                const std::string_view full = embedq::words::expansion(word);
                embedq::for_each_word(full.empty() ? word : full,
                                      [&](std::string_view part) { stems.emplace(stemmer.stem(part)); });
            });
            for (const std::string& stem : stems) frequency[stem] += each;
        }
    }
    std::vector<std::pair<double, std::string>> common;
    for (const auto& [stem, count] : frequency) {
        const bool plain = std::all_of(stem.begin(), stem.end(), [](unsigned char c) { return c < 0x80; });
        if (count >= min_operations && plain) common.emplace_back(-count, stem);
    }
    std::sort(common.begin(), common.end());
    common.resize(std::min<std::size_t>(common.size(), std::strtoul(argv[2], nullptr, 10)));
    std::sort(common.begin(), common.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    for (const auto& [negated, stem] : common) {
        std::printf("{\"%s\", %ld},\n", stem.c_str(), std::lround(10 * std::log(1 - operations / negated)));
    }
    std::cerr << texts.size() << " publishers, " << seen.size() << " texts, weight " << operations << ", "
              << common.size() << " stems\n";
}

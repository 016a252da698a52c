// How fast one catalog's index is built and searched, with 10,000 and 100,000 operations and vectors of 512.
//
// Workloads:
//   index/N       building it: put_spec with 50 operations at a time and one put_vector for each; items are operations
//   lexical/N     BM25 alone; items are queries, in all three; 10 hits each
//   semantic/N    the scan over all vectors alone
//   hybrid/N      both, fused: what `embedq search` does
// The questions' vectors are made beforehand; embedding a question is in lexical_bench.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "lexical/embedder.h"
#include "ranking/index.h"
#include "synthetic.h"

namespace embedq::bench {
namespace {

constexpr std::size_t dimension = 512;
constexpr std::size_t operations_per_spec = 50;

void put_specs(ranking::CatalogIndex& index, std::span<const Operation> operations) {
    for (std::size_t first = 0; first < operations.size(); first += operations_per_spec) {
        index.put_spec("spec-" + std::to_string(first),
                       operations.subspan(first, std::min(operations_per_spec, operations.size() - first)));
    }
}

// Built once for each size, by the first benchmark that needs it.
const ranking::CatalogIndex& index_of(std::size_t size) {
    static std::map<std::size_t, ranking::CatalogIndex> indexes;
    if (const auto found = indexes.find(size); found != indexes.end()) return found->second;
    ranking::CatalogIndex index;
    const auto operations = make_operations(size, size);
    put_specs(index, operations);
    index.set_dimension(dimension);
    lexical::Embedder embedder(dimension);
    std::vector<float> row(dimension);
    for (const Operation& operation : operations) {
        embedder.embed(operation.text, row);
        index.put_vector(operation.text_hash, row);
    }
    return indexes.emplace(size, std::move(index)).first->second;
}

void build(benchmark::State& state) {
    const auto operations = make_operations(static_cast<std::size_t>(state.range(0)), 1);
    // A few vectors, used in turn: their values do not change the work, and memory stays free for the index.
    Random random(2);
    std::vector<std::vector<float>> vectors;
    vectors.reserve(256);
    for (int i = 0; i < 256; ++i) vectors.push_back(make_vector(dimension, random));
    for (auto _ : state) {
        ranking::CatalogIndex index;
        put_specs(index, operations);
        index.set_dimension(dimension);
        for (std::size_t i = 0; i < operations.size(); ++i)
            index.put_vector(operations[i].text_hash, vectors[i % vectors.size()]);
        if (index.vectors() != operations.size()) state.SkipWithError("a text has no vector");
        state.counters["MB"] = static_cast<double>(index.memory()) / 1e6;
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void rank(benchmark::State& state, RankingMode mode) {
    const ranking::CatalogIndex& index = index_of(static_cast<std::size_t>(state.range(0)));
    lexical::Embedder embedder(dimension);
    std::vector<std::vector<float>> vectors;
    for (const char* question : questions()) embedder.embed(question, vectors.emplace_back(dimension));
    std::size_t turn = 0;
    for (auto _ : state) {
        const std::size_t i = turn++ % questions().size();
        const auto hits = index.rank({questions()[i], vectors[i], mode, 10});
        if (hits.empty()) state.SkipWithError("a question found nothing");
        benchmark::DoNotOptimize(hits.data());
    }
    state.SetItemsProcessed(state.iterations());
}

void sizes(benchmark::internal::Benchmark* workload) {
    workload->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
}

BENCHMARK(build)->Name("index")->Apply(sizes);
BENCHMARK_CAPTURE(rank, lexical, RankingMode::lexical)->Name("lexical")->Apply(sizes);
BENCHMARK_CAPTURE(rank, semantic, RankingMode::semantic)->Name("semantic")->Apply(sizes);
BENCHMARK_CAPTURE(rank, hybrid, RankingMode::hybrid)->Name("hybrid")->Apply(sizes);

}  // namespace
}  // namespace embedq::bench

BENCHMARK_MAIN();

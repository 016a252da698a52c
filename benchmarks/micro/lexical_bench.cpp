// How fast the offline provider's embedder is, on one thread.
//
// Workloads:
//   document/D   canonical texts of about 250 bytes to vectors of D; items are texts. Words that were seen before are
//                cached, as in a running worker
//   cold/D       the same with a new embedder for each batch of 64 texts
//   query/D      questions of a few words: the cost of each search
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "lexical/embedder.h"
#include "synthetic.h"

namespace embedq::bench {
namespace {

constexpr std::size_t batch = 64;

std::size_t dimension_of(const benchmark::State& state) {
    return static_cast<std::size_t>(state.range(0));
}

void document(benchmark::State& state) {
    const auto operations = make_operations(4'096, 4);
    lexical::Embedder embedder(dimension_of(state));
    std::vector<float> row(dimension_of(state));
    for (const Operation& operation : operations) embedder.embed(operation.text, row);
    std::size_t turn = 0;
    std::size_t bytes = 0;
    for (auto _ : state) {
        const std::string& text = operations[turn++ % operations.size()].text;
        embedder.embed(text, row);
        bytes += text.size();
        benchmark::DoNotOptimize(row.data());
    }
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void cold(benchmark::State& state) {
    const auto operations = make_operations(batch, 5);
    std::vector<float> row(dimension_of(state));
    for (auto _ : state) {
        lexical::Embedder embedder(dimension_of(state));
        for (const Operation& operation : operations) embedder.embed(operation.text, row);
        benchmark::DoNotOptimize(row.data());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

void query(benchmark::State& state) {
    lexical::Embedder embedder(dimension_of(state));
    std::vector<float> row(dimension_of(state));
    std::size_t turn = 0;
    for (auto _ : state) {
        embedder.embed(questions()[turn++ % questions().size()], row);
        benchmark::DoNotOptimize(row.data());
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(document)->Arg(256)->Arg(512)->Unit(benchmark::kMicrosecond);
BENCHMARK(cold)->Arg(512)->Unit(benchmark::kMicrosecond);
BENCHMARK(query)->Arg(512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace embedq::bench

BENCHMARK_MAIN();

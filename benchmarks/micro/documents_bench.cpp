// How fast an OpenAPI document becomes operations, canonical texts and hashes: catalog::parse_document.
//
// Workloads:
//   json      a document of about 1 MB; items are operations, bytes the document's
//   json_200k one of about 200 KB
//   yaml      the same document in YAML, hence somewhat smaller
#include <benchmark/benchmark.h>

#include <string>

#include "catalog/document.h"
#include "synthetic.h"

namespace embedq::bench {
namespace {

// Operations in a document of about that size.
constexpr std::size_t one_megabyte = 290;
constexpr std::size_t fifth_of_a_megabyte = 58;

using Writer = std::string (*)(std::span<const Operation>);

void parse(benchmark::State& state, std::size_t operations, Writer write) {
    const std::string content = write(make_operations(operations, 3));
    for (auto _ : state) {
        const auto document = catalog::parse_document(content);
        if (!document) {
            state.SkipWithError(to_string(document.error()).c_str());
            break;
        }
        if (document->operations.size() != operations) state.SkipWithError("operations are missing");
        benchmark::DoNotOptimize(document->operations.data());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(operations));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
    state.counters["KB"] = static_cast<double>(content.size()) / 1e3;
}

BENCHMARK_CAPTURE(parse, json, one_megabyte, openapi_json)->Name("json")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(parse, json_200k, fifth_of_a_megabyte, openapi_json)
    ->Name("json_200k")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(parse, yaml, fifth_of_a_megabyte, openapi_yaml)->Name("yaml")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace embedq::bench

BENCHMARK_MAIN();

// How fast an answer of an embedding server becomes a matrix: http::decode_embeddings.
//
// Workloads, each on the same 2,048 vectors of 1,536 float32, as OpenAI's protocol writes them; items are floats, bytes
// the body's:
//   memcpy         a copy of the floats: no decoder can be faster
//   json_parse     simdjson On-Demand, kept between calls, finding the structure only: no number is read
//   json_read      the same, and every number read as double and stored as float32: the least that a decoder with
//                  simdjson does
//   json_dom       simdjson's other interface: a tree of the whole body, then every number read from it
//   json           decode_embeddings: a new parser, every value checked, vectors placed
//   base64_parse   simdjson On-Demand finding the structure of the body with base64
//   base64         decode_embeddings of it
//
// Besides its time, each reports its ratio to memcpy, and the decoders report their ratios to finding the structure
// (to_parse) and to reading every number (to_read). There is no ratio to a workload that the filter leaves out.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "http/decode.h"
#include "synthetic.h"

namespace embedq::bench {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t texts = 2048;
constexpr std::size_t dimension = 1536;

const std::vector<float>& floats() {
    static const std::vector<float> made = [] {
        Random random(11);
        std::vector<float> all;
        all.reserve(texts * dimension);
        for (std::size_t i = 0; i < texts; ++i) {
            // As long as vectors of length 1 have them: values about 0.03, written with eight or nine digits.
            for (const float value : make_vector(dimension, random)) all.push_back(value * 0.04F);
        }
        return all;
    }();
    return made;
}

void append_json(std::string& body, const float* row) {
    std::array<char, 32> text{};
    body += '[';
    for (std::size_t i = 0; i < dimension; ++i) {
        if (i > 0) body += ',';
        body.append(text.data(), std::to_chars(text.begin(), text.end(), row[i]).ptr);
    }
    body += ']';
}

void append_base64(std::string& body, const float* row) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<unsigned char, dimension * sizeof(float)> bytes{};
    static_assert(bytes.size() % 3 == 0);
    std::memcpy(bytes.data(), row, bytes.size());
    body += '"';
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t group = std::uint32_t{bytes[i]} << 16U | std::uint32_t{bytes[i + 1]} << 8U | bytes[i + 2];
        for (const unsigned shift : {18U, 12U, 6U, 0U}) body += alphabet[group >> shift & 63U];
    }
    body += '"';
}

std::string make_body(void (*append)(std::string&, const float*)) {
    std::string body = R"({"object":"list","data":[)";
    for (std::size_t i = 0; i < texts; ++i) {
        body += (i == 0 ? "" : ",") + (R"({"object":"embedding","index":)" + std::to_string(i)) + R"(,"embedding":)";
        append(body, floats().data() + i * dimension);
        body += '}';
    }
    body += R"(],"model":"made-up","usage":{"prompt_tokens":8,"total_tokens":8}})";
    body.reserve(body.size() + http::body_padding);
    return body;
}

const std::string& json_body() {
    static const std::string body = make_body(append_json);
    return body;
}

const std::string& base64_body() {
    static const std::string body = make_body(append_base64);
    return body;
}

// Seconds per iteration of the workloads measured so far, by name: others are compared with them.
std::map<std::string, double>& measured() {
    static std::map<std::string, double> seconds;
    return seconds;
}

// Times the iterations by the wall clock, and reports how they compare.
class Turns {
public:
    Turns(benchmark::State& state, std::size_t bytes) : state_(state), bytes_(bytes) {}

    template <class Turn>
    void time(Turn&& turn) {
        const auto start = std::chrono::steady_clock::now();
        turn();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        state_.SetIterationTime(took.count());
        total_ += took.count();
    }

    void finish(const std::string& name, const std::map<std::string, std::string>& compared) {
        const double turn = total_ / static_cast<double>(state_.iterations());
        measured()[name] = turn;
        state_.SetItemsProcessed(state_.iterations() * static_cast<std::int64_t>(texts * dimension));
        state_.SetBytesProcessed(state_.iterations() * static_cast<std::int64_t>(bytes_));
        state_.counters["MB"] = static_cast<double>(bytes_) / 1e6;
        for (const auto& [counter, other] : compared) {
            if (const auto base = measured().find(other); base != measured().end())
                state_.counters[counter] = turn / base->second;
        }
    }

private:
    benchmark::State& state_;
    std::size_t bytes_;
    double total_ = 0;
};

simdjson::padded_string_view padded(const std::string& body) {
    return simdjson::padded_string_view(body.data(), body.size(), body.capacity());
}

void copy(benchmark::State& state) {
    const auto& from = floats();
    Turns turns(state, from.size() * sizeof(float));
    for (auto _ : state) {
        turns.time([&] {
            std::vector<float> to(from.size());
            std::memcpy(to.data(), from.data(), from.size() * sizeof(float));
            benchmark::DoNotOptimize(to.data());
            benchmark::ClobberMemory();
        });
    }
    turns.finish("memcpy", {});
}

void parse(benchmark::State& state, const std::string& name, const std::string& (*made)()) {
    const auto& body = made();
    Turns turns(state, body.size());
    od::parser parser;
    for (auto _ : state) {
        turns.time([&] {
            od::document document;
            if (parser.iterate(padded(body)).get(document) != simdjson::SUCCESS) state.SkipWithError("is not JSON");
            benchmark::DoNotOptimize(&document);
        });
    }
    turns.finish(name, {{"to_memcpy", "memcpy"}});
}

void read(benchmark::State& state) {
    const auto& body = json_body();
    Turns turns(state, body.size());
    od::parser parser;
    for (auto _ : state) {
        turns.time([&] {
            od::document document;
            std::vector<float> matrix(texts * dimension);
            std::size_t at = 0;
            if (parser.iterate(padded(body)).get(document) != simdjson::SUCCESS) state.SkipWithError("is not JSON");
            for (auto entry : document["data"]) {
                for (auto number : entry["embedding"]) matrix[at++] = static_cast<float>(number.get_double().value());
            }
            if (at != matrix.size()) state.SkipWithError("numbers are missing");
            benchmark::DoNotOptimize(matrix.data());
        });
    }
    turns.finish("json_read", {{"to_memcpy", "memcpy"}});
}

void dom(benchmark::State& state) {
    const auto& body = json_body();
    Turns turns(state, body.size());
    simdjson::dom::parser parser;
    for (auto _ : state) {
        turns.time([&] {
            std::vector<float> matrix(texts * dimension);
            std::size_t at = 0;
            for (auto entry : parser.parse(body.data(), body.size(), false)["data"]) {
                for (auto number : entry["embedding"]) matrix[at++] = static_cast<float>(number.get_double().value());
            }
            if (at != matrix.size()) state.SkipWithError("numbers are missing");
            benchmark::DoNotOptimize(matrix.data());
        });
    }
    turns.finish("json_dom", {{"to_memcpy", "memcpy"}, {"to_read", "json_read"}});
}

// The decoder takes ownership of the body, so each iteration has a copy. Neither the copy nor the comparison is timed.
void decode(benchmark::State& state, const std::string& name, const std::string& (*made)()) {
    const auto& body = made();
    Turns turns(state, body.size());
    for (auto _ : state) {
        std::string own;
        own.reserve(body.capacity());
        own = body;
        Result<http::EmbeddingAnswer> answer;
        turns.time([&] { answer = http::decode_embeddings(std::move(own), {.texts = texts, .dimension = dimension}); });
        if (!answer || !answer->result.errors.empty() || answer->result.matrix != floats())
            state.SkipWithError("decoded to other floats");
    }
    turns.finish(name, {{"to_memcpy", "memcpy"}, {"to_parse", name + "_parse"}, {"to_read", name + "_read"}});
}

BENCHMARK(copy)->Name("memcpy")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(parse, json_parse, "json_parse", json_body)
    ->Name("json_parse")
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();
BENCHMARK(read)->Name("json_read")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(dom)->Name("json_dom")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(decode, json, "json", json_body)->Name("json")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(parse, base64_parse, "base64_parse", base64_body)
    ->Name("base64_parse")
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();
BENCHMARK_CAPTURE(decode, base64, "base64", base64_body)
    ->Name("base64")
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();

}  // namespace
}  // namespace embedq::bench

BENCHMARK_MAIN();

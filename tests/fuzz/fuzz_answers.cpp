// Whatever a server answers, decoding gives an error or a matrix that satisfies the contract.
//
// The first byte of the input sets how many texts and which dimension are expected.
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>

#include "http/decode.h"

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

void check(const embedq::EmbedResult& result, const embedq::http::Expected& expected) {
    demand(result.matrix.size() == expected.texts * result.dimension);
    demand(expected.dimension == 0 || result.dimension == expected.dimension);
    auto error = result.errors.begin();
    for (std::size_t i = 0; i < expected.texts; ++i) {
        if (error != result.errors.end() && error->index == i) {
            demand(!error->error.message.empty());
            ++error;
            continue;
        }
        bool any = false;
        for (const float value : std::span(result.matrix).subspan(i * result.dimension, result.dimension)) {
            demand(std::isfinite(value));
            any = any || value != 0.0F;
        }
        demand(any);
    }
    demand(error == result.errors.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const embedq::http::Expected expected{.texts = 1U + (data[0] & 3U), .dimension = data[0] >> 2U & 7U};
    const auto answer =
        embedq::http::decode_embeddings(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), expected);
    if (answer) {
        check(answer->result, expected);
    } else {
        demand(!to_string(answer.error()).empty() && answer.error().detail.size() < 300);
    }
    return 0;
}

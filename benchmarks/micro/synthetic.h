// Made-up operations, documents and vectors for the benchmarks, the same in every run.
//
// Words have a long-tailed distribution (few common, many rare), as lexical ranking and the stemmer's cache find it in
// catalogs. Thread-safety: pure functions; a Random belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "embedq/catalog.h"

namespace embedq::bench {

// splitmix64.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    double unit();                          // in [0, 1)
    std::size_t below(std::size_t bound);   // in [0, bound)
    std::size_t skewed(std::size_t bound);  // the same, small values much more often

private:
    std::uint64_t state_;
};

// Operations with distinct ids and texts of about 250 bytes, hashed as documents' are. Another seed gives other texts.
[[nodiscard]] std::vector<Operation> make_operations(std::size_t count, std::uint64_t seed);

// An indented OpenAPI 3.0 document with about 4 KB per operation, and the same in YAML.
[[nodiscard]] std::string openapi_json(std::span<const Operation> operations);
[[nodiscard]] std::string openapi_yaml(std::span<const Operation> operations);

// Values in [-1, 1), not all zero.
[[nodiscard]] std::vector<float> make_vector(std::size_t dimension, Random& random);

// Questions as people ask them, for ranking and for embedding queries.
[[nodiscard]] std::span<const char* const> questions();

}  // namespace embedq::bench

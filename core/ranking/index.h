// The index of one catalog in memory: which operations answer a question best.
//
// It keeps what ranking and hits need (ids, method, path, summary, term statistics, one compact vector per distinct
// text), never the texts. Lexical ranking is BM25 over weighted fields with stemming, verb classes and light synonyms;
// semantic ranking is the cosine; hybrid is their weighted sum.
//
// Thread-safety: const members may be called from many threads at once; the owner keeps writers apart from everybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/engine.h"

namespace embedq::ranking {

struct Query {
    std::string_view text;
    // Of the index's dimension; empty, or with hybrid and semantic: lexical is all there is.
    std::span<const float> vector = {};
    RankingMode mode = RankingMode::hybrid;
    std::size_t limit = 10;
    double semantic_weight = 0.6;  // the profile's; outside [0, 1] it is taken as the nearer bound
};

// One hit. The views stay valid until the index is next written to.
struct Ranked {
    std::string_view spec_name;
    std::string_view operation_id;
    std::string_view method;
    std::string_view path;
    std::string_view summary;
    std::uint32_t position = 0;  // the operation's place in its spec
    double score = 0;            // in [0, 1]; comparable between indexes asked the same query in the same mode
};

class CatalogIndex {
public:
    CatalogIndex();
    ~CatalogIndex();
    CatalogIndex(CatalogIndex&&) noexcept;
    CatalogIndex& operator=(CatalogIndex&&) noexcept;

    // Puts or replaces a spec. Texts that the spec had before, or that another spec has, keep their vectors.
    void put_spec(std::string_view spec_name, std::span<const Operation> operations);
    // Returns whether it was there. Vectors that no other spec refers to go with it.
    bool remove_spec(std::string_view spec_name);

    // What rows of `put_vector` must have. Another dimension than before drops all vectors.
    void set_dimension(std::size_t dimension);
    // Keeps the vector of a text as a direction, in 8 bits a value. False, and nothing kept, when no operation has the
    // text, the dimension differs, or the row is not finite or all zero.
    bool put_vector(const Sha256& text_hash, std::span<const float> values);
    void clear_vectors();
    [[nodiscard]] bool has_vector(const Sha256& text_hash) const;
    // The distinct texts that still want a vector, each once, in no order.
    [[nodiscard]] std::vector<Sha256> texts_without_vector() const;

    [[nodiscard]] std::size_t specs() const noexcept;
    [[nodiscard]] std::size_t operations() const noexcept;
    [[nodiscard]] std::size_t texts() const noexcept;  // distinct
    [[nodiscard]] std::size_t vectors() const noexcept;
    [[nodiscard]] std::size_t dimension() const noexcept;
    // Roughly how many bytes it holds.
    [[nodiscard]] std::size_t memory() const noexcept;

    // The best operations, best first, equals in order of spec name and position; those that match in nothing are left
    // out. A query without words and without a vector gives the first operations in that order, with score 0. Semantic
    // ranking gives only operations that have a vector; in hybrid ranking those without one have the lexical part
    // alone. Without a query vector of the index's dimension every mode is lexical: the caller sees to it that this is
    // said.
    [[nodiscard]] std::vector<Ranked> rank(const Query& query) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace embedq::ranking

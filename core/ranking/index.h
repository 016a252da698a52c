// The index of one catalog in memory: finds the operations that answer a question best.
//
// It keeps what ranking and hits need (ids, method, path, summary, term statistics, one compact vector per distinct
// text), never the texts. Lexical ranking is BM25 over weighted fields with stemming, verb classes and light synonyms;
// semantic ranking is the cosine; hybrid is their weighted sum.
//
// Thread-safety: const members may be called from several threads at a time; the owner excludes everyone else while it
// writes.
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
    // Of the index's dimension. If it is empty, hybrid and semantic ranking are lexical.
    std::span<const float> vector = {};
    RankingMode mode = RankingMode::hybrid;
    std::size_t limit = 10;
    std::string_view spec_name = {};  // operations of this spec only; empty for all
    double semantic_weight = 0.6;     // the profile's; clamped to [0, 1]
};

// One hit. The views are valid until the index is next written to.
struct Ranked {
    std::string_view spec_name;
    std::string_view operation_id;
    std::string_view method;
    std::string_view path;
    std::string_view summary;
    std::uint32_t position = 0;  // of the operation in its spec
    double score = 0;            // in [0, 1]; comparable between indexes asked the same query in the same mode
};

class CatalogIndex {
public:
    CatalogIndex();
    ~CatalogIndex();
    CatalogIndex(CatalogIndex&&) noexcept;
    CatalogIndex& operator=(CatalogIndex&&) noexcept;

    // Adds or replaces a spec. Texts that the spec had before, or that another spec has, keep their vectors.
    void put_spec(std::string_view spec_name, std::span<const Operation> operations);
    // Returns whether it was there. Vectors that no other spec refers to are removed with it.
    bool remove_spec(std::string_view spec_name);

    // Sets the dimension of the vectors for `put_vector`. A change drops all vectors.
    void set_dimension(std::size_t dimension);
    // Stores the direction of a text's vector, in 8 bits per value. Returns false and stores nothing if no operation
    // has the text, the dimension differs, or the values are not finite or all zero.
    bool put_vector(const Sha256& text_hash, std::span<const float> values);
    void clear_vectors();
    [[nodiscard]] bool has_vector(const Sha256& text_hash) const;
    // The distinct texts that have no vector yet, in no particular order.
    [[nodiscard]] std::vector<Sha256> texts_without_vector() const;

    [[nodiscard]] std::size_t specs() const noexcept;
    [[nodiscard]] std::size_t operations() const noexcept;
    [[nodiscard]] std::size_t texts() const noexcept;  // distinct
    [[nodiscard]] std::size_t vectors() const noexcept;
    [[nodiscard]] std::size_t dimension() const noexcept;
    // Roughly how many bytes it uses.
    [[nodiscard]] std::size_t memory() const noexcept;

    // The best operations, best first; those with equal scores in order of spec name and position. Operations that do
    // not match at all are left out. A query without words and without a vector returns the first operations in that
    // order, with score 0. Semantic ranking returns only operations that have a vector; in hybrid ranking those without
    // one have their lexical score alone. Without a query vector of the index's dimension every mode is lexical, which
    // the caller must report.
    [[nodiscard]] std::vector<Ranked> rank(const Query& query) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace embedq::ranking

#include "lexical/meaning.h"

#include <algorithm>
#include <iterator>

namespace embedq::lexical {
namespace {

// Pointers, not views: computing the lengths of so many literals takes the compiler too long.
struct Row {
    const char* stem;
    unsigned scale;
    const char* digits;
};

// Written by derive_vectors (benchmarks/ranking/README.md), sorted by stem.
constexpr Row rows[] = {
#include "lexical/vector_table.inc"
};

}  // namespace

Meaning meaning_of(std::string_view stem) {
    const auto found =
        std::ranges::lower_bound(rows, stem, {}, [](const Row& row) { return std::string_view(row.stem); });
    if (found == std::end(rows) || found->stem != stem) return {};
    return {found->scale, {found->digits, meaning_places}};
}

}  // namespace embedq::lexical

// The shape of an answer: one finite row per text, of the dimension in info(), from every endpoint, for both kinds of
// text.
#include "kit/provider/kit.h"

namespace embedq::conformance {
namespace {

// So many texts if the provider has no limit.
constexpr std::size_t large_batch = 64;

[[nodiscard]] std::size_t full_batch(ProviderKit& kit) {
    const std::size_t limit = kit.info().limits.max_inputs;
    return kit.batch(limit > 0 ? limit : large_batch);
}

void expect_shape(ProviderKit& kit, std::size_t texts) {
    const EmbedResult result = value_of(ProviderKit::ask(kit.provider(), {.texts = kit.texts(texts)}), "embed()");
    EXPECT_EQ(result.dimension, kit.info().dimension) << "the answer's dimension is not that of info()";
    EXPECT_EQ(result.matrix.size(), texts * kit.info().dimension) << "for " << texts << " texts";
    EXPECT_TRUE(result.errors.empty()) << "no text is at fault";
}

void one_text_has_one_row(ProviderKit& kit) {
    expect_shape(kit, 1);
}

void two_texts_have_two_rows(ProviderKit& kit) {
    expect_shape(kit, 2);
}

void a_full_batch_has_a_row_for_each_text(ProviderKit& kit) {
    expect_shape(kit, full_batch(kit));
}

void rows_are_finite_and_not_zero(ProviderKit& kit) {
    const std::size_t texts = kit.batch(large_batch);
    const EmbedResult result = value_of(ProviderKit::ask(kit.provider(), {.texts = kit.texts(texts)}), "embed()");
    for (const TextError& error : result.errors)
        ADD_FAILURE() << "text " << error.index << ": " << text_of(error.error);
    if (result.dimension == 0 || result.matrix.size() % result.dimension != 0)
        throw CaseEnded("the answer does not have complete rows");
    const Rows rows(result.matrix, result.dimension);
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(problem_with(rows[i]), "") << "row " << i << " of " << rows.size();
}

// Rows that are all equal would also satisfy every case on order.
void different_texts_have_different_rows(ProviderKit& kit) {
    const auto texts = kit.texts();
    const Rows rows = kit.rows(texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            EXPECT_FALSE(same(rows[i], rows[j]))
                << "'" << texts[i] << "' and '" << texts[j] << "' have the same vector";
        }
    }
}

void documents_and_queries_have_rows(ProviderKit& kit) {
    for (const TextKind kind : {TextKind::document, TextKind::query}) {
        const testing::ScopedTrace trace(__FILE__, __LINE__, kind == TextKind::document ? "documents" : "queries");
        EXPECT_EQ(kit.rows(kit.texts(), kind).size(), kit.texts().size());
    }
}

void every_endpoint_gives_the_same_rows(ProviderKit& kit) {
    const auto texts = kit.texts(2);
    const Rows first = kit.rows(texts);
    for (std::size_t endpoint = 1; endpoint < kit.info().endpoints.size(); ++endpoint) {
        expect_same(first, kit.rows({.texts = texts, .endpoint = endpoint}),
                    "endpoint '" + kit.info().endpoints[endpoint] + "'");
    }
}

void an_endpoint_that_is_not_there_is_refused(ProviderKit& kit) {
    const std::size_t beyond = kit.info().endpoints.size();
    const auto answer = ProviderKit::ask(kit.provider(), {.texts = kit.texts(1), .endpoint = beyond});
    if (answer) {
        throw CaseEnded("endpoint " + std::to_string(beyond) + " answered, but info() names only " +
                        std::to_string(beyond) + "; refuse it as invalid_argument");
    }
    EXPECT_EQ(to_string(answer.error().kind), to_string(ErrorKind::invalid_argument)) << to_string(answer.error());
    EXPECT_FALSE(to_string(answer.error()).empty());
}

}  // namespace

std::vector<ProviderCase> shape_cases() {
    return {
        {"shape", "one_text_has_one_row", one_text_has_one_row},
        {"shape", "two_texts_have_two_rows", two_texts_have_two_rows, unless_batches},
        {"shape", "a_full_batch_has_a_row_for_each_text", a_full_batch_has_a_row_for_each_text},
        {"shape", "rows_are_finite_and_not_zero", rows_are_finite_and_not_zero},
        {"shape", "different_texts_have_different_rows", different_texts_have_different_rows, unless_batches},
        {"shape", "documents_and_queries_have_rows", documents_and_queries_have_rows},
        {"endpoints", "every_endpoint_gives_the_same_rows", every_endpoint_gives_the_same_rows},
        {"endpoints", "one_that_is_not_there_is_refused", an_endpoint_that_is_not_there_is_refused},
    };
}

}  // namespace embedq::conformance

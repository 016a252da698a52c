#include "loader/embed_validation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace embedq::plugins {
namespace {

EmbedResult rows(std::size_t count, std::size_t dimension) {
    return EmbedResult{.matrix = std::vector<float>(count * dimension, 0.5F), .dimension = dimension};
}

TEST(EmbedValidation, ValidAnswersPassUnchanged) {
    auto result = rows(4, 3);
    result.tokens = 9;
    const auto sound = validate_embed_result(result, 4, 3);
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->matrix, result.matrix);
    EXPECT_EQ(sound->tokens, 9U);
    EXPECT_TRUE(sound->errors.empty());
}

TEST(EmbedValidation, WrongRowCountIsInternal) {
    const auto few = validate_embed_result(rows(3, 8), 4, 8);
    ASSERT_FALSE(few);
    EXPECT_EQ(few.error().kind, ErrorKind::internal);
    EXPECT_EQ(to_string(few.error()), "returned 3 rows for 4 texts");
    EXPECT_EQ(to_string(validate_embed_result(rows(2, 8), 1, 8).error()), "returned 2 rows for 1 text");
    EXPECT_EQ(to_string(validate_embed_result(rows(0, 8), 1, 8).error()), "returned 0 rows for 1 text");
}

TEST(EmbedValidation, BrokenRowsAreInternal) {
    auto result = rows(2, 3);
    result.matrix.pop_back();
    const auto sound = validate_embed_result(result, 2, 3);
    ASSERT_FALSE(sound);
    EXPECT_EQ(sound.error().kind, ErrorKind::internal);
    EXPECT_EQ(to_string(sound.error()), "returned 5 numbers, which is not a whole number of rows of dimension 3");
}

TEST(EmbedValidation, AnotherDimensionIsMisconfigured) {
    const auto sound = validate_embed_result(rows(2, 3), 2, 4);
    ASSERT_FALSE(sound);
    EXPECT_EQ(sound.error().kind, ErrorKind::misconfigured);
    EXPECT_TRUE(to_string(sound.error()).starts_with("returned vectors of dimension 3, but its info says 4"))
        << to_string(sound.error());
}

TEST(EmbedValidation, InvalidVectorsBecomeErrorsOfTheirTexts) {
    auto result = rows(4, 2);
    result.matrix[2] = std::numeric_limits<float>::quiet_NaN();
    result.matrix[5] = std::numeric_limits<float>::infinity();
    result.matrix[6] = 0.0F;
    result.matrix[7] = -0.0F;
    const auto sound = validate_embed_result(result, 4, 2);
    ASSERT_TRUE(sound);
    ASSERT_EQ(sound->errors.size(), 3U);
    EXPECT_EQ(sound->errors[0].index, 1U);
    EXPECT_EQ(sound->errors[0].error.kind, ErrorKind::internal);
    EXPECT_EQ(to_string(sound->errors[0].error), "the vector returned for text 2 of 4 has a value that is not finite");
    EXPECT_EQ(sound->errors[1].index, 2U);
    EXPECT_EQ(sound->errors[2].index, 3U);
    EXPECT_EQ(to_string(sound->errors[2].error),
              "the vector returned for text 4 of 4 is all zero, which has no direction");
}

TEST(EmbedValidation, ErrorsOfTheProviderAreOrderedAndOnePerText) {
    auto result = rows(3, 2);
    result.matrix[0] = std::numeric_limits<float>::quiet_NaN();
    result.errors = {{2, Error{ErrorKind::invalid_input, "late"}},
                     {0, Error{ErrorKind::invalid_input, "first"}},
                     {2, Error{ErrorKind::internal, "again"}}};
    const auto sound = validate_embed_result(result, 3, 2);
    ASSERT_TRUE(sound);
    ASSERT_EQ(sound->errors.size(), 2U);
    EXPECT_EQ(to_string(sound->errors[0].error), "first");
    EXPECT_EQ(to_string(sound->errors[1].error), "late");
}

TEST(EmbedValidation, ErrorsForTextsOutsideTheRequestAreInternal) {
    auto result = rows(2, 2);
    result.errors = {{2, Error{}}};
    EXPECT_EQ(validate_embed_result(result, 2, 2).error().kind, ErrorKind::internal);
}

TEST(EmbedValidation, RowsMayBeMissingIfEveryTextHasAnError) {
    EmbedResult result{.errors = {{0, Error{}}, {1, Error{}}}};
    const auto sound = validate_embed_result(result, 2, 3);
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->matrix.size(), 6U);
    EXPECT_EQ(sound->dimension, 3U);
    EXPECT_EQ(sound->errors.size(), 2U);
}

TEST(InfoValidation, NeedsDimensionEndpointsAndWeight) {
    ProviderInfo info{.dimension = 4};
    EXPECT_TRUE(validate_info(info));
    info.semantic_weight = std::nan("");
    EXPECT_EQ(validate_info(info).error().kind, ErrorKind::misconfigured);
    info = {.dimension = 4};
    info.endpoints.clear();
    EXPECT_EQ(to_string(validate_info(info).error()), "reports no endpoint, but must report at least one");
    EXPECT_EQ(validate_info(ProviderInfo{}).error().kind, ErrorKind::misconfigured);
}

}  // namespace
}  // namespace embedq::plugins

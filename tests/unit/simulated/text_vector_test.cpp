#include "simulated/text_vector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace embedq::simulated {
namespace {

std::vector<float> vector_of(std::string_view prefix, std::string_view text, std::size_t dimension) {
    std::vector<float> row(dimension);
    fill_text_vector(prefix, text, row);
    return row;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(TextVector, HasLengthOneInEveryDimension) {
    for (const std::size_t dimension : {1, 2, 64, 1536}) {
        const auto row = vector_of("", "list the pets", dimension);
        EXPECT_NEAR(dot(row, row), 1, 1e-5) << dimension;
    }
}

TEST(TextVector, IsTheSameForTheSameTextOnEveryMachine) {
    EXPECT_EQ(vector_of("", "pets", 64), vector_of("", "pets", 64));
    EXPECT_EQ(vector_of("search: ", "pets", 64), vector_of("", "search: pets", 64));
    const auto row = vector_of("", "pets", 4);
    EXPECT_FLOAT_EQ(row[0], 0.62744673F);
    EXPECT_FLOAT_EQ(row[3], -0.61984968F);
}

TEST(TextVector, OfDifferentTextsAreNearlyOrthogonal) {
    std::vector<std::vector<float>> rows;
    for (int i = 0; i < 100; ++i) rows.push_back(vector_of("", "text " + std::to_string(i), 1024));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) EXPECT_LT(std::abs(dot(rows[i], rows[j])), 0.16) << i << " and " << j;
    }
}

TEST(TextVector, DependsOnTheDimension) {
    const auto small = vector_of("", "pets", 4);
    auto large = vector_of("", "pets", 8);
    large.resize(4);
    EXPECT_LT(std::abs(dot(small, large)), 0.999 * std::sqrt(dot(large, large)))
        << "it is not the beginning of the longer one";
}

}  // namespace
}  // namespace embedq::simulated

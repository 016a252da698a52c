#include "ranking/vectors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace embedq::ranking {
namespace {

std::vector<float> random_row(std::mt19937& engine, std::size_t dimension) {
    std::normal_distribution<float> values;
    std::vector<float> row(dimension);
    for (float& value : row) value = values(engine);
    return row;
}

double exact_cosine(const std::vector<float>& a, const std::vector<float>& b) {
    double dot = 0, left = 0, right = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        dot += static_cast<double>(a[i]) * b[i];
        left += static_cast<double>(a[i]) * a[i];
        right += static_cast<double>(b[i]) * b[i];
    }
    return dot / std::sqrt(left * right);
}

TEST(VectorTable, EightBitsAgreeWithFloats) {
    std::mt19937 engine(7);
    for (const std::size_t dimension : {3U, 64U, 384U, 1536U, 4096U}) {
        VectorTable table;
        table.reset(dimension);
        const auto query = random_row(engine, dimension);
        std::vector<std::vector<float>> rows;
        for (std::size_t i = 0; i < 50; ++i) {
            rows.push_back(random_row(engine, dimension));
            // Half of them near the query, where ranking is decided.
            for (std::size_t k = 0; i % 2 == 0 && k < dimension; ++k) rows.back()[k] = 0.3F * rows.back()[k] + query[k];
            ASSERT_TRUE(table.set(i, rows.back()));
        }
        const auto cosines = table.cosines(query);
        for (std::size_t i = 0; i < rows.size(); ++i)
            EXPECT_NEAR(cosines[i], exact_cosine(rows[i], query), 0.004) << dimension;
    }
}

TEST(VectorTable, AllEqualValuesDoNotOverflow) {
    VectorTable table;
    table.reset(20000);
    ASSERT_TRUE(table.set(0, std::vector<float>(20000, 3.0F)));
    EXPECT_NEAR(table.cosines(std::vector<float>(20000, 5.0F))[0], 1, 1e-4);
    EXPECT_NEAR(table.cosines(std::vector<float>(20000, -5.0F))[0], -1, 1e-4);
}

TEST(VectorTable, RefusesVectorsWithoutADirection) {
    VectorTable table;
    EXPECT_FALSE(table.set(0, {}));
    table.reset(3);
    EXPECT_FALSE(table.set(0, std::vector<float>{0, 0, 0}));
    EXPECT_FALSE(table.set(0, std::vector<float>{1, 2}));
    EXPECT_FALSE(table.set(0, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN(), 0}));
    EXPECT_FALSE(table.set(0, std::vector<float>{1, std::numeric_limits<float>::infinity(), 0}));
    EXPECT_EQ(table.size(), 0U);
    EXPECT_TRUE(table.cosines(std::vector<float>{0, 0, 0}).empty());
    EXPECT_TRUE(table.cosines(std::vector<float>{1, 2}).empty());
}

TEST(VectorTable, CountsRowsThatAreSet) {
    VectorTable table;
    table.reset(2);
    EXPECT_TRUE(table.set(5000, std::vector<float>{1, 0}));
    EXPECT_TRUE(table.set(5000, std::vector<float>{0, 1}));
    EXPECT_TRUE(table.has(5000));
    EXPECT_FALSE(table.has(0));
    EXPECT_FALSE(table.has(100000));
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(table.cosines(std::vector<float>{0, 1})[0], 0);
    table.erase(5000);
    table.erase(5000);
    EXPECT_EQ(table.size(), 0U);
}

// Tiny and huge values are directions too.
TEST(VectorTable, ScaleDoesNotMatter) {
    VectorTable table;
    table.reset(2);
    ASSERT_TRUE(table.set(0, std::vector<float>{3e-30F, 4e-30F}));
    ASSERT_TRUE(table.set(1, std::vector<float>{3e30F, 4e30F}));
    const auto cosines = table.cosines(std::vector<float>{3, 4});
    EXPECT_NEAR(cosines[0], 1, 1e-4);
    EXPECT_NEAR(cosines[1], 1, 1e-4);
}

}  // namespace
}  // namespace embedq::ranking

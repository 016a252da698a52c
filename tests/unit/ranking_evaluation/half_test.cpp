#include "ranking/semantic_half.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace embedq::evaluation {
namespace {

Operation operation(std::string tag, std::string text) {
    Operation made;
    made.path = "/things";
    made.tags = {std::move(tag)};
    made.text = std::move(text);
    return made;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
    double product = 0;
    double squares_a = 0;
    double squares_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        product += a[i] * b[i];
        squares_a += a[i] * a[i];
        squares_b += b[i] * b[i];
    }
    return product / std::sqrt(squares_a * squares_b);
}

// The mean cosine of questions with their answer, and with an operation of another tag.
std::pair<double, double> means(std::string_view name) {
    const auto half = make_half(name).value();
    const Operation other = operation("b", "other");
    std::vector<float> question(half->dimension());
    std::vector<float> right(half->dimension());
    std::vector<float> wrong(half->dimension());
    half->embed(other, wrong);
    std::pair<double, double> sums;
    constexpr int questions = 200;
    for (int i = 0; i < questions; ++i) {
        const Operation answer = operation("a", "answer " + std::to_string(i));
        half->embed(answer, right);
        half->embed("question " + std::to_string(i), answer, question);
        sums.first += cosine(question, right) / questions;
        sums.second += cosine(question, wrong) / questions;
    }
    return sums;
}

TEST(MadeUpHalf, IsAsStrongAsItsName) {
    const auto [right, wrong] = means("strong");
    EXPECT_NEAR(right, 0.5, 0.1);
    EXPECT_NEAR(wrong, 0, 0.1);
    const auto [narrow_right, narrow_wrong] = means("strong-narrow");
    EXPECT_NEAR(narrow_right, 0.85, 0.05);
    EXPECT_NEAR(narrow_wrong, 0.7, 0.05);
    const auto [useless_right, useless_wrong] = means("useless");
    EXPECT_NEAR(useless_right, 0, 0.05);
    EXPECT_NEAR(useless_wrong, 0, 0.05);
}

TEST(MadeUpHalf, TheSameTextHasTheSameVector) {
    for (const HalfKind& kind : half_kinds()) {
        const auto one = make_half(kind.name).value();
        const auto another = make_half(kind.name).value();
        std::vector<float> a(one->dimension());
        std::vector<float> b(one->dimension());
        one->embed(operation("a", "text"), a);
        another->embed(operation("a", "text"), b);
        EXPECT_EQ(a, b) << kind.name;
    }
}

TEST(MadeUpHalf, AnUnknownNameIsRefusedWithTheKnownNames) {
    const auto half = make_half("strongest");
    ASSERT_FALSE(half);
    EXPECT_THAT(to_string(half.error()),
                testing::AllOf(testing::HasSubstr("'strongest'"), testing::HasSubstr("lexical, strong")));
}

}  // namespace
}  // namespace embedq::evaluation

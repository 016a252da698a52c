#include "ranking/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ranking/report.h"

namespace embedq::evaluation {
namespace {

using testing::HasSubstr;

Comparison comparison(Ranks lexical, Ranks semantic, Ranks hybrid) {
    return {"made-set", "lexical", 0.25, true, std::move(lexical), std::move(semantic), std::move(hybrid)};
}

// `right` answers in first place, then answers that are not found.
Ranks first(std::size_t right, std::size_t of) {
    Ranks ranks(of, 0);
    std::fill_n(ranks.begin(), right, 1);
    return ranks;
}

TEST(Measure, CountsPlaces) {
    const Ranks ranks{1, 2, 5, 6, 10, 11, 0, 1};
    EXPECT_DOUBLE_EQ(mean(Metric::recall_at_1, ranks), 2.0 / 8);
    EXPECT_DOUBLE_EQ(mean(Metric::recall_at_5, ranks), 4.0 / 8);
    EXPECT_DOUBLE_EQ(mean(Metric::recall_at_10, ranks), 6.0 / 8);
    EXPECT_NEAR(mean(Metric::reciprocal_rank, ranks), (1 + 0.5 + 0.2 + 1.0 / 6 + 0.1 + 1.0 / 11 + 0 + 1) / 8, 1e-12);
}

TEST(Measure, TheIntervalContainsTheMeanAndNarrowsWithMoreQuestions) {
    const Interval few = confidence(Metric::recall_at_1, first(10, 20));
    const Interval many = confidence(Metric::recall_at_1, first(1000, 2000));
    EXPECT_LT(few.low, 0.5);
    EXPECT_GT(few.high, 0.5);
    EXPECT_NEAR(few.high - few.low, 2 * 1.96 * 0.5 / std::sqrt(20.0), 0.1);
    EXPECT_NEAR(many.high - many.low, 2 * 1.96 * 0.5 / std::sqrt(2000.0), 0.01);
}

TEST(Measure, APairedDifferenceIsMoreCertainThanTheMeans) {
    const Interval none = confidence_of_difference(Metric::recall_at_1, first(10, 20), first(10, 20));
    EXPECT_EQ(none.low, 0);
    EXPECT_EQ(none.high, 0);
    const Interval one = confidence_of_difference(Metric::recall_at_1, first(11, 20), first(10, 20));
    EXPECT_LE(one.high - one.low, 0.2);
}

TEST(Bound, ASmallSetMayLoseOneQuestion) {
    EXPECT_FALSE(losses(comparison(first(10, 20), first(5, 20), first(9, 20)))[0].breach());
    EXPECT_TRUE(losses(comparison(first(10, 20), first(5, 20), first(8, 20)))[0].breach());
}

TEST(Bound, ALargeSetMayLoseOnePoint) {
    EXPECT_FALSE(losses(comparison(first(500, 1000), first(0, 1000), first(490, 1000)))[0].breach());
    EXPECT_TRUE(losses(comparison(first(500, 1000), first(0, 1000), first(489, 1000)))[0].breach());
}

TEST(Bound, IsCountedFromTheBetterHalf) {
    const auto all = losses(comparison(first(3, 20), first(15, 20), first(10, 20)));
    ASSERT_EQ(all.size(), metric_names.size());
    for (const Loss& loss : all) {
        EXPECT_EQ(loss.better, "semantic");
        EXPECT_DOUBLE_EQ(loss.questions, 5);
        EXPECT_TRUE(loss.breach());
    }
    EXPECT_FALSE(losses(comparison(first(3, 20), first(15, 20), first(20, 20)))[0].breach());
}

// Right answers that stay in the first five but lose their place only lower the mean reciprocal rank.
TEST(Bound, HoldsForTheReciprocalRank) {
    const auto all = losses(comparison(Ranks(20, 2), Ranks(20, 0), Ranks(20, 4)));
    EXPECT_FALSE(all[1].breach());
    EXPECT_DOUBLE_EQ(all[3].questions, 5);
    EXPECT_TRUE(all[3].breach());
}

TEST(Bound, ABreachIsReportedWithItsNumbers) {
    SetReport report{{"made-set", "documents", "questions", "tuning"},
                     100,
                     20,
                     0,
                     {comparison(first(10, 20), first(5, 20), first(7, 20))}};
    const auto sentences = breaches({report});
    ASSERT_EQ(sentences.size(), 4U);
    EXPECT_EQ(sentences[0],
              "made-set with lexical at 0.25: hybrid R@1 35.0, lexical 50.0: 3.0 questions of 20 lost, 1.0 allowed");
    EXPECT_THAT(table({report}), HasSubstr("R@1 -3.0!"));
    EXPECT_THAT(json({{"cpu", "made up"}}, {report}), HasSubstr("\"breach\": true"));
    report.comparisons[0].bounded = false;
    EXPECT_TRUE(breaches({report}).empty());
}

}  // namespace
}  // namespace embedq::evaluation

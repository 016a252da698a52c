#include "ranking/index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

namespace embedq::ranking {
namespace {

Sha256 hash_of(std::string_view text) {
    Sha256 hash{};
    for (std::size_t i = 0; i < text.size(); ++i)
        hash[i % 32] = hash[i % 32] ^ static_cast<std::byte>(text[i] + static_cast<char>(i));
    return hash;
}

Operation operation(std::string id, std::string text) {
    Operation made;
    made.operation_id = std::move(id);
    made.method = "GET";
    made.path = "/" + made.operation_id;
    made.summary = text;
    made.text_hash = hash_of(text);
    made.text = std::move(text);
    return made;
}

std::vector<std::string> ids(const std::vector<Ranked>& hits) {
    std::vector<std::string> result;
    for (const Ranked& hit : hits) result.emplace_back(hit.operation_id);
    return result;
}

using Ids = std::vector<std::string>;

class Index : public testing::Test {
protected:
    void SetUp() override {
        index.put_spec("b", std::vector{operation("b1", "okapi"), operation("b2", "zebra")});
        index.put_spec("a", std::vector{operation("a1", "zebra"), operation("a2", "quagga stripes")});
        index.set_dimension(2);
    }

    CatalogIndex index;
};

TEST_F(Index, CountsItsContents) {
    EXPECT_EQ(index.specs(), 2U);
    EXPECT_EQ(index.operations(), 4U);
    EXPECT_EQ(index.texts(), 3U);
    EXPECT_EQ(index.vectors(), 0U);
    EXPECT_EQ(index.texts_without_vector().size(), 3U);
    EXPECT_GT(index.memory(), 0U);
}

TEST_F(Index, AnEmptyQueryReturnsTheFirstInOrder) {
    EXPECT_EQ(ids(index.rank({.text = "", .limit = 3})), (Ids{"a1", "a2", "b1"}));
    EXPECT_EQ(ids(index.rank({.text = " ?! ", .limit = 99})), (Ids{"a1", "a2", "b1", "b2"}));
    EXPECT_TRUE(index.rank({.text = "zebra", .limit = 0}).empty());
    EXPECT_TRUE(CatalogIndex().rank({.text = "zebra"}).empty());
    EXPECT_TRUE(CatalogIndex().rank({.text = ""}).empty());
}

TEST_F(Index, EqualScoresKeepSpecAndPosition) {
    index.put_spec("c", std::vector{operation("c1", "okapi"), operation("x", "zebra"), operation("x", "zebra")});
    index.put_spec("b", std::vector{operation("x", "zebra")});
    index.put_spec("a", std::vector{operation("x", "zebra")});
    const auto hits = index.rank({.text = "zebra", .mode = RankingMode::lexical});
    ASSERT_EQ(hits.size(), 4U);
    EXPECT_EQ(hits[0].spec_name, "a");
    EXPECT_EQ(hits[1].spec_name, "b");
    EXPECT_EQ(hits[2].position, 1U);
    EXPECT_EQ(hits[3].position, 2U);
    EXPECT_EQ(hits[0].score, hits[3].score);
}

TEST_F(Index, OperationsThatDoNotMatchAreLeftOut) {
    EXPECT_EQ(ids(index.rank({.text = "quagga"})), Ids{"a2"});
    EXPECT_TRUE(index.rank({.text = "unheard"}).empty());
}

TEST_F(Index, HitsCarryTheOperation) {
    const auto hits = index.rank({.text = "quagga"});
    ASSERT_EQ(hits.size(), 1U);
    EXPECT_EQ(hits[0].spec_name, "a");
    EXPECT_EQ(hits[0].method, "GET");
    EXPECT_EQ(hits[0].path, "/a2");
    EXPECT_EQ(hits[0].summary, "quagga stripes");
    EXPECT_EQ(hits[0].position, 1U);
    EXPECT_GT(hits[0].score, 0);
    EXPECT_LE(hits[0].score, 1);
}

TEST_F(Index, OperationsWithOneTextShareItsVector) {
    EXPECT_TRUE(index.put_vector(hash_of("zebra"), std::vector<float>{1, 0}));
    EXPECT_EQ(index.vectors(), 1U);
    const std::vector<float> query{1, 0};
    EXPECT_EQ(ids(index.rank({.text = "", .vector = query, .mode = RankingMode::semantic})), (Ids{"a1", "b2"}));
}

TEST_F(Index, SemanticScoresAreTheCosine) {
    index.put_vector(hash_of("zebra"), std::vector<float>{3, 4});
    index.put_vector(hash_of("okapi"), std::vector<float>{4, -3});
    const std::vector<float> query{6, 8};
    const auto hits = index.rank({.text = "whatever", .vector = query, .mode = RankingMode::semantic});
    ASSERT_EQ(hits.size(), 3U);
    EXPECT_NEAR(hits[0].score, 1, 1e-3);
    EXPECT_NEAR(hits[1].score, 1, 1e-3);
    EXPECT_NEAR(hits[2].score, 0.5, 1e-3);
    EXPECT_EQ(hits[2].operation_id, "b1");
}

TEST_F(Index, FusionIsTheWeightedSum) {
    index.put_vector(hash_of("okapi"), std::vector<float>{1, 0});
    index.put_vector(hash_of("zebra"), std::vector<float>{0, 1});
    const std::vector<float> query{1, 0};
    const auto score = [&](double weight, std::string_view id) {
        for (const Ranked& hit : index.rank({.text = "zebra", .vector = query, .semantic_weight = weight})) {
            if (hit.operation_id == id) return hit.score;
        }
        return 0.0;
    };
    const double lexical = index.rank({.text = "zebra", .mode = RankingMode::lexical})[0].score;
    EXPECT_NEAR(score(0, "a1"), lexical, 1e-6);
    EXPECT_NEAR(score(0.25, "a1"), 0.75 * lexical, 1e-6);
    EXPECT_EQ(score(0, "b1"), 0);
    EXPECT_NEAR(score(0.5, "b1"), score(1, "b1") / 2, 1e-6);
    EXPECT_GT(score(1, "b1"), 0.8);
    EXPECT_NEAR(score(7, "b1"), score(1, "b1"), 1e-9);
    // Without a vector: the lexical part alone.
    EXPECT_NEAR(index.rank({.text = "quagga", .vector = query, .semantic_weight = 0.25})[0].score,
                0.75 * index.rank({.text = "quagga", .mode = RankingMode::lexical})[0].score, 1e-6);
}

// A catalog of `count` operations of which one, "answer", has the cosine `best` with the query and the others `usual`.
double semantic_part(std::size_t count, float best, float usual) {
    CatalogIndex catalog;
    std::vector<Operation> operations;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = i == 0 ? "answer" : "other" + std::to_string(i);
        operations.push_back({name, "GET", "/" + name, name, {}, name, hash_of(name), 0});
    }
    catalog.put_spec("s", operations);
    catalog.set_dimension(2);
    for (const Operation& operation : operations) {
        const float cosine = operation.operation_id == "answer" ? best : usual;
        catalog.put_vector(operation.text_hash, std::vector<float>{cosine, std::sqrt(1 - cosine * cosine)});
    }
    const std::vector<float> query{1, 0};
    const auto hits = catalog.rank({.text = "unheard", .vector = query, .limit = 1, .semantic_weight = 1});
    return !hits.empty() && hits[0].operation_id == "answer" ? hits[0].score : 0;
}

// Some models give unrelated texts a cosine of 0.7. What exceeds that must count in catalogs of any size.
TEST_F(Index, ACosineCountsByHowFarItExceedsTheOthers) {
    for (const std::size_t count : {1U, 2U, 5U, 20U, 100U, 1000U}) {
        EXPECT_GT(semantic_part(count, 0.85F, 0.7F), 0.3) << count;
        EXPECT_GT(semantic_part(count, 0.6F, 0.05F), 0.3) << count;
    }
    EXPECT_GT(semantic_part(100, 1, 1), 0) << "equal texts are still found";
}

TEST_F(Index, WithoutAUsableQueryVectorRankingIsLexical) {
    index.put_vector(hash_of("okapi"), std::vector<float>{1, 0});
    const std::vector<float> other_dimension{1, 0, 0};
    const std::vector<float> zero{0, 0};
    for (const auto mode : {RankingMode::hybrid, RankingMode::semantic}) {
        EXPECT_EQ(ids(index.rank({.text = "quagga", .mode = mode})), Ids{"a2"});
        EXPECT_EQ(ids(index.rank({.text = "quagga", .vector = other_dimension, .mode = mode})), Ids{"a2"});
        EXPECT_EQ(ids(index.rank({.text = "quagga", .vector = zero, .mode = mode})), Ids{"a2"});
    }
}

TEST_F(Index, ReplacingASpecKeepsTheVectorsOfTextsThatRemain) {
    index.put_vector(hash_of("okapi"), std::vector<float>{1, 0});
    index.put_vector(hash_of("zebra"), std::vector<float>{0, 1});
    index.put_spec("b", std::vector{operation("b1", "okapi"), operation("b3", "gnu")});
    EXPECT_TRUE(index.has_vector(hash_of("okapi")));
    EXPECT_FALSE(index.has_vector(hash_of("gnu")));
    EXPECT_TRUE(index.has_vector(hash_of("zebra"))) << "spec a still has it";
    EXPECT_EQ(ids(index.rank({.text = "gnu"})), Ids{"b3"});
    EXPECT_EQ(index.operations(), 4U);
}

TEST_F(Index, RemovingASpecRemovesItsTexts) {
    index.put_vector(hash_of("okapi"), std::vector<float>{1, 0});
    EXPECT_FALSE(index.remove_spec("nothing"));
    EXPECT_TRUE(index.remove_spec("b"));
    EXPECT_FALSE(index.remove_spec("b"));
    EXPECT_FALSE(index.has_vector(hash_of("okapi")));
    EXPECT_EQ(index.vectors(), 0U);
    EXPECT_EQ(index.texts(), 2U);
    EXPECT_TRUE(index.rank({.text = "okapi"}).empty());
    // Another text gets the free row, without the old vector.
    index.put_spec("d", std::vector{operation("d1", "gnu")});
    EXPECT_FALSE(index.has_vector(hash_of("gnu")));
    EXPECT_EQ(index.texts(), 3U);
}

TEST_F(Index, RefusesVectorsThatDoNotFit) {
    EXPECT_FALSE(index.put_vector(hash_of("unknown"), std::vector<float>{1, 0}));
    EXPECT_FALSE(index.put_vector(hash_of("zebra"), std::vector<float>{1, 0, 0}));
    EXPECT_FALSE(index.put_vector(hash_of("zebra"), std::vector<float>{0, 0}));
    EXPECT_TRUE(index.put_vector(hash_of("zebra"), std::vector<float>{1, 0}));
    index.set_dimension(2);
    EXPECT_EQ(index.vectors(), 1U);
    index.set_dimension(3);
    EXPECT_EQ(index.vectors(), 0U);
    EXPECT_TRUE(index.put_vector(hash_of("zebra"), std::vector<float>{1, 0, 0}));
    index.clear_vectors();
    EXPECT_EQ(index.vectors(), 0U);
    EXPECT_EQ(index.dimension(), 3U);
}

TEST_F(Index, ASpecWithoutOperationsIsAccepted) {
    index.put_spec("aa", {});
    index.put_spec("z", {});
    EXPECT_EQ(ids(index.rank({.text = ""})), (Ids{"a1", "a2", "b1", "b2"}));
    EXPECT_EQ(index.rank({.text = "okapi"})[0].spec_name, "b");
}

TEST_F(Index, ManyThreadsRankConcurrently) {
    index.put_vector(hash_of("zebra"), std::vector<float>{1, 0});
    const std::vector<float> query{1, 0.5F};
    const auto expected = ids(index.rank({.text = "zebra stripes", .vector = query}));
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 200; ++k) {
                if (ids(index.rank({.text = "zebra stripes", .vector = query})) != expected) ++wrong;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace embedq::ranking

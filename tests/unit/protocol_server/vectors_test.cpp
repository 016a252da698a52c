#include "protocol_server/vectors.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <sstream>

namespace protocol_server {
namespace {

double product(const std::vector<float>& one, const std::vector<float>& other) {
    return std::inner_product(one.begin(), one.end(), other.begin(), 0.0);
}

std::vector<float> read_json(std::string json) {
    for (char& c : json) c = c == '[' || c == ']' || c == ',' ? ' ' : c;
    std::istringstream input(json);
    return {std::istream_iterator<float>(input), {}};
}

TEST(Vectors, AreOfLengthOneAndDependOnDigestAndText) {
    for (const std::size_t dimension : {1U, 3U, 64U, 65U, 1536U}) {
        const VectorTable table("sha256:1", dimension);
        const auto row = table.row("a text");
        ASSERT_EQ(row.size(), dimension);
        EXPECT_NEAR(product(row, row), 1, 1e-5);
        EXPECT_EQ(row, VectorTable("sha256:1", dimension).row("a text"));
        if (dimension < 64) continue;
        EXPECT_LT(std::abs(product(row, table.row("another text"))), 0.6);
        EXPECT_LT(std::abs(product(row, VectorTable("sha256:2", dimension).row("a text"))), 0.6);
    }
}

TEST(Vectors, JsonAndBase64HoldTheRow) {
    const VectorTable table("sha256:1", 257);
    std::string json;
    table.append_json("text", json);
    EXPECT_EQ(read_json(json), table.row("text"));
    std::string encoded;
    append_base64({1.0F, -2.5F}, encoded);
    EXPECT_EQ(encoded, "AACAPwAAIMA=");  // python: b64encode(struct.pack("<2f", 1, -2.5))
    encoded.clear();
    append_base64({1.0F}, encoded);
    EXPECT_EQ(encoded, "AACAPw==");
    encoded.clear();
    append_base64({1.0F, -2.5F, 0.125F}, encoded);
    EXPECT_EQ(encoded, "AACAPwAAIMAAAAA+");
}

TEST(Vectors, AShortenedVectorIsTheNormalisedBeginning) {
    const auto row = VectorTable("sha256:1", 64).row("text");
    const auto shorter = shortened(row, 8);
    ASSERT_EQ(shorter.size(), 8U);
    EXPECT_NEAR(product(shorter, shorter), 1, 1e-5);
    EXPECT_NEAR(shorter[3] / shorter[0], row[3] / row[0], 1e-4);
    const VectorTable longer("sha256:1", 64, 3);
    EXPECT_NEAR(product(longer.row("text"), longer.row("text")), 9, 1e-3);
}

}  // namespace
}  // namespace protocol_server

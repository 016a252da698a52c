// How answers are read: shapes, order, numbers, tokens.
#include <cmath>
#include <random>

#include "support.h"

namespace embedq::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Decode, reads_openai_answers) {
    const auto answer = decoded(R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-0.5]},
        {"object":"embedding","index":1,"embedding":[2.5e-1,3]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":7,"total_tokens":9}})",
                                2, 2);
    EXPECT_THAT(answer.result.matrix, ElementsAre(1, -0.5, 0.25, 3));
    EXPECT_EQ(answer.result.dimension, 2U);
    EXPECT_THAT(answer.result.errors, IsEmpty());
    EXPECT_EQ(answer.result.tokens, 7U);
    EXPECT_EQ(answer.model, "text-embedding-3-small");
    EXPECT_FALSE(answer.base64);
}

TEST(Decode, reads_ollama_answers) {
    const auto answer = decoded(
        R"({"model":"all-minilm","embeddings":[[1,2],[3,4]],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":8})",
        2);
    EXPECT_THAT(answer.result.matrix, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(answer.result.tokens, 8U);
    EXPECT_EQ(answer.model, "all-minilm");
}

TEST(Decode, reads_gemini_answers) {
    const auto answer =
        decoded(R"({"embeddings":[{"values":[1,2]},{"values":[3,4]}],"usageMetadata":{"promptTokenCount":5}})", 2, 2);
    EXPECT_THAT(answer.result.matrix, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(answer.result.tokens, 5U);
}

TEST(Decode, reads_answers_of_ollamas_first_protocol) {
    const auto answer = decoded(R"({"embedding":[0.5,-1]})", 1);
    EXPECT_THAT(answer.result.matrix, ElementsAre(0.5, -1));
    EXPECT_EQ(answer.result.tokens, 0U);
}

TEST(Decode, reads_lists_without_an_object_around_them) {
    EXPECT_THAT(decoded("[[1,2],[3,4]]", 2).result.matrix, ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(decoded(R"([{"index":1,"embedding":[[3,4]]},{"index":0,"embedding":[[1,2]]}])", 2).result.matrix,
                ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(decoded(R"([{"index":0,"embedding":[[1,2]]}])", 1, 2).result.matrix, ElementsAre(1, 2));
}

TEST(Decode, recognises_the_encoding_of_each_vector) {
    const auto answer = decoded(
        R"({"data":[{"index":0,"embedding":")" + encode_floats({1, 2, 3}) + R"("},{"index":1,"embedding":[4,5,6]}]})",
        2);
    EXPECT_THAT(answer.result.matrix, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_TRUE(answer.base64);
}

TEST(Decode, reads_base64_whose_slashes_are_escaped) {
    const std::string text = encode_floats({-1.9999999F, -1.9999999F});
    ASSERT_NE(text.find('/'), std::string::npos);
    std::string escaped;
    for (const char c : text) escaped += c == '/' ? std::string("\\/") : std::string(1, c);
    EXPECT_THAT(decoded(R"({"data":[{"embedding":")" + escaped + "\"}]}", 1).result.matrix,
                ElementsAre(-1.9999999F, -1.9999999F));
}

TEST(Decode, places_vectors_by_index) {
    const auto answer = decoded(
        R"({"data":[{"embedding":[3,3],"index":2},{"index":0,"embedding":[1,1]},{"index":3,"embedding":[4,4]},{"index":1,"embedding":[2,2]}]})",
        4, 2);
    EXPECT_THAT(answer.result.matrix, ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
}

std::string entry(std::size_t index) {
    std::string row = R"({"index":)";
    row.append(std::to_string(index)).append(R"(,"embedding":[)");
    row.append(std::to_string(index + 1)).append(",").append(std::to_string(index + 1));
    return row.append("]}");
}

TEST(Decode, places_every_order) {
    std::vector<std::size_t> order{0, 1, 2, 3, 4};
    do {
        std::string body = R"({"data":[)";
        for (const auto index : order) {
            if (!body.ends_with('[')) body += ',';
            body += entry(index);
        }
        ASSERT_THAT(decoded(body + "]}", 5).result.matrix, ElementsAre(1, 1, 2, 2, 3, 3, 4, 4, 5, 5)) << body;
    } while (std::ranges::next_permutation(order).found);
}

TEST(Decode, an_error_moves_with_its_index) {
    const auto answer = decoded(R"({"data":[{"index":1,"embedding":[null,1]},{"index":0,"embedding":[3,4]}]})", 2);
    ASSERT_EQ(answer.result.errors.size(), 1U);
    EXPECT_EQ(answer.result.errors.front().index, 1U);
    EXPECT_EQ(answer.result.matrix[0], 3);
}

TEST(Decode, places_vectors_by_position_where_none_has_an_index) {
    EXPECT_THAT(decoded(R"({"data":[{"embedding":[1,2]},{"embedding":[3,4]}]})", 2).result.matrix,
                ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(decoded(R"({"data":[{"index":null,"embedding":[1,2]},{"embedding":[3,4]}]})", 2).result.matrix,
                ElementsAre(1, 2, 3, 4));
}

TEST(Decode, reads_numbers_as_float32) {
    const auto matrix = decoded(
                            "{\"embedding\":[-0, 0.1, 1e-400, 3.4028234e38, 1.401298464324817e-45, -1E2, "
                            "123456789012345678901234567890, 1e0]}",
                            1)
                            .result.matrix;
    EXPECT_TRUE(std::signbit(matrix[0]));
    EXPECT_THAT(matrix,
                ElementsAre(0.0F, 0.1F, 0.0F, 3.4028234e38F, 1.401298464324817e-45F, -100.0F, 1.2345679e29F, 1.0F));
}

TEST(Decode, round_trips_floats) {
    std::mt19937 random(7);
    std::vector<float> values(3000);
    for (float& value : values) value = std::normal_distribution<float>(0, 0.05F)(random);
    std::string body = R"({"embeddings":[[)";
    for (const float value : values) {
        char text[32];
        std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
        body += (body.ends_with('[') ? "" : ", ") + std::string(text);
    }
    EXPECT_EQ(decoded(body + "]]}", 1).result.matrix, values);
}

TEST(Decode, finds_the_tokens) {
    const auto tokens = [](const std::string& rest) {
        return decoded(R"({"embeddings":[[1]],)" + rest + "}", 1).result.tokens;
    };
    EXPECT_EQ(tokens(R"("usage":{"total_tokens":5})"), 5U);
    EXPECT_EQ(tokens(R"("usage":{"total_tokens":5,"prompt_tokens":4})"), 4U);
    EXPECT_EQ(tokens(R"("usage":{"prompt_tokens":0,"total_tokens":5})"), 5U);
    EXPECT_EQ(tokens(R"("usage":null,"prompt_eval_count":6)"), 6U);
    EXPECT_EQ(tokens(R"("prompt_eval_count":6,"usage":{})"), 6U);
    EXPECT_EQ(tokens(R"("usage":{"prompt_tokens":-1,"total_tokens":"5"})"), 0U);
    EXPECT_EQ(tokens(R"("usage":{"prompt_tokens":{"a":[1]},"total_tokens":3})"), 3U);
    EXPECT_EQ(tokens(R"("usage":[1])"), 0U);
}

TEST(Decode, skips_unknown_fields) {
    EXPECT_THAT(decoded("\xEF\xBB\xBF "
                        "\n{\"id\":{\"a\":[[{}]]},\"model\":null,\"data\":[{\"x\":[1,{}],\"embedding\":[1],\"object\":"
                        "\"embedding\"}],\"created\":1}\n",
                        1)
                    .result.matrix,
                ElementsAre(1));
}

TEST(Decode, needs_no_padding_behind_the_body) {
    std::string body = R"({"embedding":[1,2]})";
    body.shrink_to_fit();
    EXPECT_THAT(decoded(body, 1).result.matrix, ElementsAre(1, 2));
    body.reserve(body.size() + body_padding);
    EXPECT_THAT(decoded(std::move(body), 1).result.matrix, ElementsAre(1, 2));
}

}  // namespace
}  // namespace embedq::http

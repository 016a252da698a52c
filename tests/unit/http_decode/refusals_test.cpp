// Answers that are refused: as a whole, or one text's vector.
#include "support.h"

namespace embedq::http {
namespace {

using testing::HasSubstr;

struct Case {
    std::string body;
    std::size_t texts;
    std::size_t dimension;
    ErrorKind kind;
    std::string message;
};

TEST(Refused, invalid_answers_fail_the_whole_call) {
    const std::string two = R"({"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4]}]})";
    const auto at = [](const std::string& first, const std::string& second) {
        return R"({"data":[{"index":)" + first + R"(,"embedding":[1,2]},{"index":)" + second +
               R"(,"embedding":[3,4]}]})";
    };
    const Case cases[] = {
        {"", 1, 0, ErrorKind::internal, "the answer is empty"},
        {" \n", 1, 0, ErrorKind::internal, "the answer is empty"},
        {"<!DOCTYPE html><html>502 Bad Gateway</html>", 1, 0, ErrorKind::internal, "HTML or XML page"},
        {"upstream error", 1, 0, ErrorKind::internal, "not valid JSON"},
        {"42", 1, 0, ErrorKind::internal, "not valid JSON"},
        {"{}", 1, 0, ErrorKind::internal, "has no vectors: expected \"data\", \"embeddings\" or \"embedding\""},
        {R"({"error":{"message":"boom"}})", 1, 0, ErrorKind::internal, "has no vectors"},
        {R"({"data":{"a":1}})", 1, 0, ErrorKind::internal, "\"data\" is not a list"},
        {R"({"data":null})", 1, 0, ErrorKind::internal, "\"data\" is not a list"},
        {R"({"data":[],"embeddings":[]})", 1, 0, ErrorKind::internal, "under two keys"},
        {R"({"data":[{"embedding":[1],"embedding":[2]}]})", 1, 0, ErrorKind::internal, "two vectors in one entry"},
        {two + "}", 2, 2, ErrorKind::internal, "not valid JSON"},
        {two + two, 2, 2, ErrorKind::internal, "not valid JSON"},
        {R"({"data":[{"index":0 "embedding":[1,2]}]})", 1, 2, ErrorKind::internal, "not valid JSON"},
        {R"({"embedding":[1 2]})", 1, 2, ErrorKind::internal, "not valid JSON"},
        {"{\"model\":\"\xFF\",\"embedding\":[1]}", 1, 0, ErrorKind::internal, "not valid JSON"},
        // counts
        {R"({"embeddings":[]})", 2, 0, ErrorKind::internal, "has 0 vectors for 2 texts"},
        {R"({"data":[]})", 1, 2, ErrorKind::internal, "has 0 vectors for 1 text"},
        {R"({"embedding":[1,2]})", 2, 2, ErrorKind::internal, "has 1 vector for 2 texts"},
        {two, 3, 2, ErrorKind::internal, "has 2 vectors for 3 texts"},
        {two, 1, 2, ErrorKind::internal, "has 2 vectors for 1 text"},
        // indices
        {at("0", "0"), 2, 2, ErrorKind::internal, "two vectors with the index 0"},
        {at("1", "2"), 2, 2, ErrorKind::internal, "the index 2: expected a number from 0 to 1"},
        {at("0", "-1"), 2, 2, ErrorKind::internal, "the index -1: expected a number from 0 to 1"},
        {at("0", "\"1\""), 2, 2, ErrorKind::internal, "the index \"1\": expected a number"},
        {at("0", "1.0"), 2, 2, ErrorKind::internal, "the index 1.0"},
        {at("0", "18446744073709551616"), 2, 2, ErrorKind::internal, "the index 18446744073709551616"},
        {at("0", "18446744073709551615"), 2, 2, ErrorKind::internal, "the index 18446744073709551615"},
        {at("0", "null"), 2, 2, ErrorKind::internal, "1 of the answer's 2 vectors have an index"},
        // dimensions
        {two, 2, 3, ErrorKind::misconfigured, "have dimension 2: expected 3; check the provider's model"},
        {two, 2, 1, ErrorKind::misconfigured, "have dimension 2: expected 1"},
        {R"({"embeddings":[[1,2],[1,2,3]]})", 2, 0, ErrorKind::internal,
         "different dimensions, 2 and 3 among them: expected one for all"},
        {R"({"embeddings":[[1,2],[1,2,3]]})", 2, 4, ErrorKind::internal,
         "different dimensions, 2 and 3 among them: expected 4 for all"},
        {R"({"embeddings":[[],[]]})", 2, 0, ErrorKind::internal, "only empty vectors"},
        {R"({"embeddings":[[],[]]})", 2, 8, ErrorKind::internal, "only empty vectors"},
        {R"({"embedding":""})", 1, 8, ErrorKind::internal, "only empty vectors"},
        {R"({"embeddings":[[1,1,1,1,1,1,1,1],[],[],[],[],[],[],[],[],[]]})", 10, 0, ErrorKind::internal,
         "cannot hold 10 such vectors"},
        {R"({"embeddings":[[[1,2],3]]})", 1, 0, ErrorKind::internal, "a vector inside another one"},
    };
    for (const Case& refusal : cases) {
        const auto error = refused(refusal.body, refusal.texts, refusal.dimension);
        EXPECT_EQ(error.kind, refusal.kind) << refusal.body;
        EXPECT_THAT(to_string(error), HasSubstr(refusal.message)) << refusal.body;
    }
}

TEST(Refused, answers_that_are_cut_off_anywhere) {
    const std::string whole =
        R"({"object":"list","data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":"AACAPwAAAMA="}],"usage":{"prompt_tokens":3}})";
    (void)decoded(whole, 2);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        EXPECT_EQ(refused(whole.substr(0, bytes), 2).kind, ErrorKind::internal) << whole.substr(0, bytes);
    }
}

TEST(Refused, mismatched_brackets) {
    for (const char* body : {R"({"data":[{"index":0,"embedding":[1,2]}})", R"({"data":[{"index":0,"embedding":[1,2}]})",
                             R"({"embeddings":[[1,2]})", R"([[1,2])", R"([[1,2}])", R"({"embedding":[1,2]])"}) {
        EXPECT_THAT(refused(body, 1).message, HasSubstr("not valid JSON")) << body;
    }
}

TEST(Refused, the_detail_is_a_bounded_excerpt_on_one_line) {
    const auto error = refused("<html>\n\x01" + std::string(198, 'x') + "\xC3\xA9" + std::string(10'000, 'y'), 1);
    EXPECT_THAT(error.detail, testing::StartsWith("<html>  xxx"));
    EXPECT_THAT(error.detail, testing::EndsWith("x…"));
    EXPECT_LT(error.detail.size(), 210U);
    const auto far = refused(R"({"embedding":[)" + std::string(20'000, '1') + " broken here}", 1);
    EXPECT_THAT(far.detail, HasSubstr("broken here"));
    EXPECT_LT(far.detail.size(), 210U);
}

TEST(RefusedText, leaves_the_valid_rows) {
    const std::pair<const char*, const char*> cases[] = {
        {"[NaN,1]", "the vector of text 1 of 2 has NaN as value 1, which is not a finite number"},
        {"[1,Infinity]", "has Infinity as value 2"},
        {"[1,-Infinity]", "has -Infinity as value 2"},
        {"[null,null]", "has null as value 1"},
        {"[1,1e400]", "has 1e400 as value 2"},
        {"[1,-1e39]", "has a value that is not finite as float32"},
        {R"(["NaN",1])", "has \"NaN\" as value 1"},
        {R"([1,"abc"])", "has \"abc\" as value 2"},
        {"[true,1]", "has true as value 1"},
        {"[1,{}]", "has an object as value 2"},
        {"[01,1]", "has 01 as value 1"},
        {"[1.,1]", "has 1. as value 1"},
        {"[0,0]", "is all zero, which has no direction"},
        {"[-0,0.0]", "is all zero, which has no direction"},
        {"[1e-400,0]", "is all zero, which has no direction"},
        {"[]", "is empty"},
        {"\"\"", "is empty"},
        {"null", "is null: expected an array of numbers, or base64"},
        {"[1]", "has dimension 1: expected 2"},
        {"[1,2,3]", "has dimension 3: expected 2"},
        {"[1,2,3,4,5,6,7,8,9]", "has dimension 9: expected 2"},
        {"[[1,2],[3,4]]", "probably one for each token; let the server pool them"},
        {"[[[1,2]]]", "probably one for each token"},
        {"\"AACAPw==\"", "has dimension 1: expected 2"},
        {"\"AACAPwAAAMA\"", "is base64 of 11 characters, which is not a whole number of float32"},
        {"\"AACAPwA AMA=\"", "is invalid base64: \"AACAPwA AMA=\""},
        {"\"AAAAAAAAAAA=\"", "is all zero"},
        {"\"AACAfwAAAMA=\"", "has a value that is not finite as float32"},
        {"\"AADAfwAAAMA=\"", "has a value that is not finite as float32"},
    };
    for (const auto& [vector, message] : cases) {
        const std::string rows = std::string("[") + vector + ",[3,4]]";
        const auto ollama = error_of_first("{\"embeddings\":" + rows + "}");
        EXPECT_EQ(ollama.kind, ErrorKind::internal) << vector;
        EXPECT_THAT(to_string(ollama), HasSubstr(message)) << vector;
        const auto openai = error_of_first(
            std::string(R"({"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":)") + vector + "}]}");
        EXPECT_EQ(to_string(openai), to_string(ollama));
    }
    EXPECT_THAT(error_of_first(R"({"data":[{"index":0},{"index":1,"embedding":[3,4]}]})").message,
                HasSubstr("is missing"));
    EXPECT_THAT(error_of_first(R"({"data":[null,{"embedding":[3,4]}]})").message, HasSubstr("is null"));
    EXPECT_THAT(error_of_first(R"({"data":[{"embedding":{"a":1}},{"embedding":[3,4]}]})").message,
                HasSubstr("is an object: expected an array"));
}

TEST(RefusedText, without_a_dimension_does_not_decide_it) {
    EXPECT_THAT(error_of_first(R"({"embeddings":[[],[3,4]]})", 0).message, HasSubstr("is empty"));
    EXPECT_THAT(error_of_first(R"({"embeddings":[null,[3,4]]})", 0).message, HasSubstr("is null"));
    EXPECT_THAT(error_of_first(R"({"embeddings":[[NaN,1],[3,4]]})", 0).message, HasSubstr("has NaN"));
}

TEST(RefusedText, may_be_all_of_them) {
    const auto answer = decoded(R"({"embeddings":[[NaN,1],[0,0]]})", 2, 2);
    EXPECT_EQ(answer.result.errors.size(), 2U);
    EXPECT_EQ(answer.result.matrix.size(), 4U);
    EXPECT_EQ(decoded(R"({"embeddings":[null,null]})", 2, 0).result.errors.size(), 2U);
}

TEST(Refused, a_request_without_texts) {
    EXPECT_EQ(refused(R"({"embeddings":[]})", 0).kind, ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace embedq::http

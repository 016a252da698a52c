#include "http/vector_fields.h"

#include <gtest/gtest.h>

namespace embedq::http {
namespace {

TEST(VectorFields, FieldsThatMayChangeVectorsBecomeAPart) {
    EXPECT_EQ(vector_part("late_chunking", "true"), "late_chunking=true");
    EXPECT_EQ(vector_part("unheard_of", "\"x\""), "unheard_of=\"x\"");
    for (const char* name : {"user", "metadata", "priority", "keep_alive", "num_thread", "num_gpu", "numa"}) {
        EXPECT_EQ(vector_part(name, "1"), "") << name;
    }
}

TEST(VectorFields, ACredentialIsNeitherInTheDigestNorPublished) {
    for (const char* name :
         {"api_key", "apikey", "X-Api-Key", "token", "access_token", "client_secret", "PASSWORD", "Authorization"}) {
        EXPECT_EQ(vector_part(name, "\"hunter2\""), "") << name;
        EXPECT_EQ(published({{name, "hunter2"}, {"task", "search"}}), R"({"task": "search"})") << name;
    }
    const char* nested = R"({"params": {"api_key" : "hunter2"}})";
    EXPECT_EQ(vector_part("litellm", nested), "");
    EXPECT_EQ(published({{"litellm", nested}}), "{}");
    for (const char* name : {"max_tokens", "keyword", "tokenizer", "late_chunking"})
        EXPECT_NE(vector_part(name, "1"), "") << name;
    EXPECT_NE(vector_part("task", R"({"value": "token"})"), "") << "a value is not a name";
}

TEST(VectorFields, AnEmptyPartLeavesTheDigestUnchanged) {
    EXPECT_EQ(with_part("sha256:1", ""), "sha256:1");
    EXPECT_EQ(with_part("", ""), "");
    EXPECT_EQ(with_part("", "a=1"), "a=1");
    EXPECT_EQ(with_part("sha256:1 a=1", "b=2"), "sha256:1 a=1 b=2");
}

TEST(VectorFields, TextsArePublishedAsTexts) {
    EXPECT_EQ(published({}), "{}");
    EXPECT_EQ(published({{"list", "[1]"}, {"n", "\"7\""}, {"on", "true"}}),
              R"({"list": "[1]", "n": "\"7\"", "on": "true"})");
}

}  // namespace
}  // namespace embedq::http

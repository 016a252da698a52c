#include "http/vector_fields.h"

#include <gtest/gtest.h>

namespace embedq::http {
namespace {

TEST(VectorFields, WhatVectorsDependOnIsTold) {
    EXPECT_EQ(vector_part("late_chunking", "true"), "late_chunking=true");
    EXPECT_EQ(vector_part("unheard_of", "\"x\""), "unheard_of=\"x\"");
    for (const char* name : {"user", "metadata", "priority", "keep_alive", "num_thread", "num_gpu", "numa"}) {
        EXPECT_EQ(vector_part(name, "1"), "") << name;
    }
}

TEST(VectorFields, NothingLeavesTheDigestAsItIs) {
    EXPECT_EQ(with_part("sha256:1", ""), "sha256:1");
    EXPECT_EQ(with_part("", ""), "");
    EXPECT_EQ(with_part("", "a=1"), "a=1");
    EXPECT_EQ(with_part("sha256:1 a=1", "b=2"), "sha256:1 a=1 b=2");
}

TEST(VectorFields, TextsArePublishedAsTexts) {
    EXPECT_EQ(published({}), "{}");
    EXPECT_EQ(published({{"list", "[1]"}, {"n", "\"7\""}, {"on", "true"}}), R"({"list": "[1]", "n": "\"7\"", "on": "true"})");
}

}  // namespace
}  // namespace embedq::http

// What info() reports, and how many requests it makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "unit/openai/support.h"

namespace embedq::openai {
namespace {

using testing::ElementsAre;

TEST(Info, LearnsTheDimensionWithOneRequest) {
    FakeServer server(vectors_of(3));
    Made made({{"base_url", server.url()}});
    const auto info = made.provider->info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_EQ(info->dimension, 3U);
    EXPECT_EQ(info->model, "m");
    EXPECT_EQ(info->model_digest, "");
    EXPECT_EQ(info->limits.max_inputs, 2048U);
    EXPECT_THAT(info->endpoints, ElementsAre(server.url()));
    ASSERT_TRUE(made.embed({"a"}).has_value());
    for (int idle_minute = 0; idle_minute < 3; ++idle_minute) {
        made.context.manual_clock().advance(std::chrono::minutes(1));
        EXPECT_EQ(made.provider->info({})->dimension, 3U);
    }
    EXPECT_EQ(server.requests().size(), 2U) << "what is known is not requested again";
}

TEST(Info, WhatAnAnswerRefutesIsLearnedAgain) {
    FakeServer server(vectors_of(3));
    Made made({{"base_url", server.url()}});
    ASSERT_TRUE(made.provider->info({}).has_value());
    server.reply([](const SentRequest&) {
        return http::answer(R"({"error":{"message":"The model `m` does not exist"}})", "404 Not Found");
    });
    EXPECT_EQ(made.embed({"a"}).error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(made.provider->info({}).error().kind, ErrorKind::misconfigured);
    server.reply(vectors_of(4));
    EXPECT_EQ(made.provider->info({})->dimension, 4U);
    const std::size_t requests = server.requests().size();
    EXPECT_EQ(made.provider->info({})->dimension, 4U);
    EXPECT_EQ(server.requests().size(), requests);
    server.reply([](const SentRequest&) { return http::answer("", "502 Bad Gateway"); });
    EXPECT_EQ(made.embed({"a"}).error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(made.provider->info({}).has_value()) << "an outage does not refute the model";
    EXPECT_EQ(server.requests().size(), requests + 1);
}

TEST(Info, ARetryAfterIsRespectedBeforeTheDimensionIsKnown) {
    FakeServer server(
        [](const SentRequest&) { return http::answer("{}", "429 Too Many Requests", "Retry-After: 600\r\n"); });
    Made made({{"base_url", server.url()}});
    ASSERT_FALSE(made.provider->info({}).has_value());
    made.context.manual_clock().advance(std::chrono::minutes(9));
    const auto info = made.provider->info({});
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(info.error().retry_after, std::chrono::minutes(1));
    EXPECT_EQ(server.requests().size(), 1U);
    server.reply(vectors_of(2));
    made.context.manual_clock().advance(std::chrono::minutes(1));
    EXPECT_TRUE(made.provider->info({}).has_value());
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST(Info, AThrottledServerIsUnavailableUntilItIsKnown) {
    FakeServer server(
        [](const SentRequest&) { return http::answer("{}", "429 Too Many Requests", "Retry-After: 3\r\n"); });
    Made made({{"base_url", server.url()}});
    auto info = made.provider->info({});
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(info.error().retry_after, std::chrono::milliseconds(3000));
    server.reply(vectors_of(2));
    made.context.manual_clock().advance(std::chrono::seconds(3));
    ASSERT_TRUE(made.provider->info({}).has_value());
    server.reply([](const SentRequest&) { return http::answer("{}", "429 Too Many Requests"); });
    EXPECT_TRUE(made.provider->info({}).has_value());
}

TEST(Info, ReportsTheTimeoutOfItsCalls) {
    FakeServer server(vectors_of(2));
    EXPECT_EQ(Made({{"base_url", server.url()}, {"timeout", "7s"}}).provider->info({})->call_timeout,
              std::chrono::seconds(7));
    EXPECT_EQ(Made({{"base_url", server.url()}}).provider->info({})->call_timeout, std::chrono::minutes(5));
}

TEST(Voyage, InputTypesArePartOfTheDigest) {
    FakeServer server(vectors_of(2));
    Made made({{"dialect", "voyage"}, {"base_url", server.url()}});
    EXPECT_EQ(made.provider->info({})->model_digest, "document query");
}

TEST(ExtraBody, FieldsThatMayChangeVectorsArePartOfTheDigest) {
    FakeServer server(vectors_of(2));
    const auto digest = [&](std::map<std::string, std::string> texts) {
        texts["base_url"] = server.url();
        Made made(std::move(texts));
        const auto info = made.provider->info({});
        return info ? info->model_digest : to_string(info.error());
    };
    EXPECT_EQ(digest({}), "");
    EXPECT_EQ(digest({{"user", "u"}, {"extra_body", "{user: u, priority: 7, metadata: '{\"a\":1}'}"}}), "");
    EXPECT_EQ(digest({{"extra_body", "{late_chunking: true, task: x, user: u}"}}), "late_chunking=true task=\"x\"");
    EXPECT_EQ(digest({{"model_digest", "d"}, {"extra_body", "{unheard_of: 7}"}}), "d unheard_of=7");
    EXPECT_EQ(digest({{"dialect", "voyage"}, {"extra_body", "{n: 7}"}, {"truncate", "true"}}),
              "document query truncate n=7");
    EXPECT_EQ(digest({{"dialect", "voyage"}, {"truncate", "false"}}), "document query");
}

}  // namespace
}  // namespace embedq::openai

// How the provider handles each way in which a server can fail, against a server that fails so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "protocol_server/server.h"
#include "unit/openai/support.h"

namespace embedq::openai {
namespace {

using testing::HasSubstr;

struct Case {
    const char* name;
    const char* fault;
    // The error of the call; nothing where it succeeds, with or without errors of texts.
    std::optional<ErrorKind> kind = std::nullopt;
    std::size_t text_errors = 0;
};

void PrintTo(const Case& row, std::ostream* out) {
    *out << row.name;
}

const Case case_table[] = {
    {"Error500", "do: error", ErrorKind::unavailable},
    {"Error400", "do: error, status: 400", ErrorKind::invalid_input},
    {"Quota", "do: quota", ErrorKind::misconfigured},
    {"Poison", "do: poison", ErrorKind::invalid_input},
    {"Nan", "do: nan", std::nullopt, 1},
    {"Infinity", "do: infinity", std::nullopt, 1},
    {"Null", "do: \"null\"", std::nullopt, 1},
    {"Zero", "do: zero", std::nullopt, 1},
    {"EmptyVector", "do: empty_vector", std::nullopt, 1},
    {"WrongDimension", "do: wrong_dimension", std::nullopt, 1},
    {"AllOfAnotherDimension", "do: wrong_dimension, position: -1", ErrorKind::misconfigured},
    {"OutOfOrder", "do: out_of_order"},
    {"MissingIndex", "do: missing_index", ErrorKind::internal},
    {"DuplicateIndex", "do: duplicate_index", ErrorKind::internal},
    {"BeyondIndex", "do: beyond_index", ErrorKind::internal},
    {"ShortCount", "do: short_count", ErrorKind::internal},
    {"LongCount", "do: long_count", ErrorKind::internal},
    {"NoVectors", "do: no_vectors", ErrorKind::internal},
    {"Html502", "do: html", ErrorKind::unavailable},
    {"Html200", "do: html, status: 200", ErrorKind::misconfigured},
    {"WrongType", "do: wrong_type"},
    {"NotJson", "do: not_json", ErrorKind::internal},
    {"Cut", "do: cut", ErrorKind::unavailable},
    {"Hang", "do: hang", ErrorKind::unavailable},
    {"Stall", "do: stall", ErrorKind::unavailable},
    {"Drip", "do: drip", ErrorKind::unavailable},
    {"Chunked", "do: chunked"},
    {"Gzip", "do: gzip"},
    {"Http10", "do: http_1_0"},
    {"Huge", "do: huge", ErrorKind::too_large},
    // On a reused connection, which a server may close at any time: the request is sent once more.
    {"Reset", "do: reset"},
    {"Close", "do: close"},
    {"CloseTwice", "do: close, times: 2", ErrorKind::unavailable},
    {"Stale", "do: stale"},
};

class Faults : public testing::TestWithParam<std::tuple<Case, const char*>> {
protected:
    protocol_server::ProtocolServer server_{"dialect: openai\nmodels: { m: { dimension: 16 } }\n"};
};

TEST_P(Faults, GetTheKindOfTheirCause) {
    const auto& [row, encoding] = GetParam();
    if (std::string_view(row.name) == "Null" && std::string_view(encoding) == "base64")
        GTEST_SKIP() << "base64 has no null";
    Made made({{"encoding_format", encoding}, {"base_url", server_.url() + "/v1"}, {"max_response_bytes", "1MiB"}});
    ASSERT_TRUE(made.provider->info({}).has_value());
    const std::vector<std::string_view> texts = {"one", "two", "three"};
    const auto before = made.embed(texts);
    ASSERT_TRUE(before.has_value()) << to_string(before.error());

    // An answer without vectors is asked for once more, as numbers.
    const bool asked_again = std::string_view(row.name) == "NoVectors" && std::string_view(encoding) == "base64";
    const std::string fault = std::string(row.fault) + (asked_again ? ", times: 2" : "");
    server_.change("faults: [ { " + fault + (fault.contains("times") ? "" : ", times: 1") + " } ]");
    // Only a fault that never ends reaches the deadline. On a busy machine the others may take long.
    const bool endless = fault == "do: hang" || fault == "do: stall" || fault == "do: drip";
    const auto deadline = std::chrono::steady_clock::now() +
                          (endless ? std::chrono::milliseconds(300) : std::chrono::milliseconds(60'000));
    const auto result = made.provider->embed({.texts = texts, .deadline = deadline});
    if (row.kind) {
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(to_string(result.error().kind), to_string(*row.kind)) << to_string(result.error());
        EXPECT_FALSE(to_string(result.error()).empty());
        EXPECT_EQ(result.error().deadline_reached, endless);
    } else {
        ASSERT_TRUE(result.has_value()) << to_string(result.error());
        EXPECT_EQ(result->errors.size(), row.text_errors);
        if (row.text_errors == 0) {
            EXPECT_EQ(result->matrix, before->matrix);
        }
    }

    // The provider recovers when the fault is over.
    const auto after = made.embed(texts);
    ASSERT_TRUE(after.has_value()) << to_string(after.error());
    EXPECT_EQ(after->matrix, before->matrix);
}

INSTANTIATE_TEST_SUITE_P(Servers, Faults,
                         testing::Combine(testing::ValuesIn(case_table), testing::Values("float", "base64")),
                         [](const auto& row) {
                             return std::string(std::get<0>(row.param).name) + "_" + std::get<1>(row.param);
                         });

TEST(Outage, ARestartedServerIsFoundAgain) {
    Made made({{"base_url", "http://127.0.0.1:1/v1"}, {"dimensions", "16"}});
    const auto refused = made.embed({"one"});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(refused.error()), HasSubstr("no connection to http://127.0.0.1:1/v1/embeddings"));

    auto server =
        std::make_unique<protocol_server::ProtocolServer>("dialect: openai\nmodels: { m: { dimension: 16 } }\n");
    const auto port = server->port();
    Made again({{"base_url", server->url() + "/v1"}});
    ASSERT_TRUE(again.embed({"one"}).has_value());
    server.reset();
    ASSERT_FALSE(again.embed({"one"}).has_value());
    server =
        std::make_unique<protocol_server::ProtocolServer>("dialect: openai\nmodels: { m: { dimension: 16 } }\n", port);
    EXPECT_TRUE(again.embed({"one"}).has_value());
}

TEST(Throttling, TheWaitIsReadInEachFormat) {
    for (const char* format : {"seconds", "decimal", "date", "milliseconds", "text"}) {
        protocol_server::ProtocolServer server(
            "dialect: openai\nmodels: { m: { dimension: 16 } }\nrate: { requests: 1, per: 1h, retry_after: 5s, "
            "format: " +
            std::string(format) + " }\n");
        Made made({{"base_url", server.url() + "/v1"}, {"dimensions", "16"}});
        (void)made.embed({"one"});
        const auto result = made.embed({"two"});
        ASSERT_FALSE(result.has_value()) << format;
        EXPECT_EQ(result.error().kind, ErrorKind::throttled) << format << ": " << to_string(result.error());
        if (std::string_view(format) == "date") continue;  // counted from the test's clock, which does not move
        EXPECT_EQ(result.error().retry_after, std::chrono::seconds(5)) << format;
    }
}

}  // namespace
}  // namespace embedq::openai

// Tests Servers with a provider of the smallest possible protocol: POST /embed takes {"model": "m", "inputs": ["…"]}
// and answers [[0.1, …], …], GET /info answers with the model's digest.
#include "http/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "conformance/test_context.h"
#include "http/json_text.h"
#include "http/options.h"
#include "unit/http/client_support.h"

namespace embedq::http {
namespace {

using namespace std::chrono_literals;  // NOLINT: for tests only
using std::chrono::steady_clock;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// --- the whole provider, except for the line that exports it

inline constexpr std::array small_rows = {shared_row("model", {.default_value = "m"})};

class SmallProvider final : public Provider {
public:
    SmallProvider(HttpSettings settings, Servers servers)
        : settings_(std::move(settings)), servers_(std::move(servers)) {}

    Result<ProviderInfo> info(std::stop_token stop) override {
        auto digest =
            servers_.look_up(servers_.request_to(0, "/info", {steady_clock::now() + settings_.timeout, stop}));
        if (!digest) return std::unexpected(std::move(digest.error()));
        ProviderInfo info = servers_.info();
        info.model_digest = digest->value_or("");
        return info;
    }

    Result<EmbedResult> embed(const EmbedRequest& request) override {
        const auto bounds = servers_.admit(request);
        if (!bounds) return std::unexpected(bounds.error());
        auto message = servers_.request_to(request.endpoint, "/embed", *bounds);
        message.body = "{\"model\":" + json_string(settings_.model) + ",\"inputs\":";
        append_json_strings(message.body, request.texts, settings_.prefix(request.kind));
        message.body += '}';
        auto response = servers_.send(message, request.texts.size());
        if (!response) return std::unexpected(std::move(response.error()));
        if (response->status != 200) return std::unexpected(servers_.refusal(*response, message.url));
        return servers_.vectors(std::move(*response),
                                {.texts = request.texts.size(), .dimension = settings_.dimensions}, message.url);
    }

private:
    const HttpSettings settings_;
    const Servers servers_;
};

Result<std::unique_ptr<Provider>> make_small(const Options& options, Context& context) {
    auto settings = read_settings(options, {.rejected_suffixes = {{"/embed", "which is appended to it"}}});
    if (!settings) return std::unexpected(std::move(settings.error()));
    settings->hints = {.missing_model = "load it", .missing_path = "it ends before /embed"};
    auto servers = Servers::make(*settings, context);
    if (!servers) return std::unexpected(std::move(servers.error()));
    return std::make_unique<SmallProvider>(std::move(*settings), std::move(*servers));
}

// --- its tests

class SmallProviderTest : public testing::Test {
protected:
    // The provider, with a server that gives `answers` in turn and then repeats the last one.
    Provider& ask(std::vector<std::string> answers, std::map<std::string, std::string> texts = {}) {
        server_ = std::make_unique<ScriptedServer>([this, answers = std::move(answers)](Connection& connection) {
            std::size_t next = 0;
            for (std::string request = connection.read_request(); !request.empty();
                 request = connection.read_request()) {
                {
                    const std::scoped_lock lock(mutex_);
                    requests_.push_back(request);
                }
                if (!connection.write(answers[std::min(next++, answers.size() - 1)])) return;
            }
        });
        texts.try_emplace("endpoints", "[" + server_->url("") + "]");
        texts.try_emplace("proxy", "none");
        auto made = make(std::move(texts));
        if (!made) throw std::runtime_error(to_string(made.error()));
        provider_ = std::move(*made);
        return *provider_;
    }

    Result<std::unique_ptr<Provider>> make(std::map<std::string, std::string> texts) {
        auto options = config::options_from_text(table_of<small_rows>, texts);
        if (!options) throw std::runtime_error(to_string(options.error()));
        return make_small(*options, context_);
    }

    static Result<EmbedResult> embed(Provider& provider, std::vector<std::string_view> texts = {"a", "b"}) {
        return provider.embed({.texts = texts});
    }

    Error refused(const std::string& bytes, std::map<std::string, std::string> texts = {}) {
        auto result = embed(ask({bytes}, std::move(texts)));
        return result ? Error{} : result.error();
    }

    std::vector<std::string> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

private:
    conformance::TestContext context_{"small"};
    std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    std::unique_ptr<ScriptedServer> server_;
    std::unique_ptr<Provider> provider_;
};

TEST_F(SmallProviderTest, EmbedsTexts) {
    auto result = embed(ask({answer("[[1,2],[3,4]]")}, {{"document_prefix", "\"d\": "}, {"api_key", "k"}}));
    ASSERT_TRUE(result.has_value()) << to_string(result.error());
    EXPECT_THAT(result->matrix, ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(requests().at(0), AllOf(StartsWith("POST /embed HTTP/1.1"), HasSubstr("Authorization: Bearer k\r\n"),
                                        EndsWith(R"({"model":"m","inputs":["\"d\": a","\"d\": b"]})")));
}

// Portkey's documentation of status codes; vectors have guardrails since Portkey-AI/gateway#882.
TEST_F(SmallProviderTest, AnAnswerThatAGuardrailLetThroughIsASuccess) {
    auto result = embed(ask({answer("[[1,2],[3,4]]", "246 Guardrail Checks Failed")}));
    ASSERT_TRUE(result.has_value()) << to_string(result.error());
    EXPECT_THAT(result->matrix, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(refused(answer(R"({"error":{"message":"no","code":429}})", "246 X")).kind, ErrorKind::throttled);
}

TEST_F(SmallProviderTest, InfoCombinesOptionsAndDiscovery) {
    auto info = ask({answer("digest-1")}, {{"query_prefix", "q"}, {"max_inputs", "9"}, {"dimensions", "5"}}).info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_THAT(requests().at(0), StartsWith("GET /info HTTP/1.1"));
    EXPECT_EQ(info->model, "m");
    EXPECT_EQ(info->model_digest, "digest-1");
    EXPECT_EQ(info->dimension, 5U);
    EXPECT_EQ(info->query_prefix, "q");
    EXPECT_EQ(info->limits.max_inputs, 9U);
    EXPECT_EQ(info->call_timeout, 5min);
    EXPECT_THAT(info->endpoints, ElementsAre(StartsWith("http://127.0.0.1:")));
    EXPECT_THAT(info->public_options, testing::Contains(testing::Pair("model", "m")));
}

TEST_F(SmallProviderTest, AServerWithoutDiscoveryIsNotAnError) {
    for (const char* status : {"403 Forbidden", "404 Not Found", "405 Method Not Allowed"}) {
        auto info = ask({answer("no", status)}).info({});
        ASSERT_TRUE(info.has_value()) << to_string(info.error());
        EXPECT_EQ(info->model_digest, "");
    }
    auto info = ask({answer("no", "503 Service Unavailable")}).info({});
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().kind, ErrorKind::throttled);
}

TEST_F(SmallProviderTest, RefusesAnUnknownEndpointAndAStoppedRequest) {
    Provider& provider = ask({answer("[[1],[1]]")});
    const std::vector<std::string_view> texts = {"a"};
    auto beyond = provider.embed({.texts = texts, .endpoint = 1});
    ASSERT_FALSE(beyond.has_value());
    EXPECT_EQ(beyond.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(to_string(beyond.error()), "endpoint 1 does not exist: the options name 1");
    std::stop_source stop;
    stop.request_stop();
    auto stopped = provider.embed({.texts = texts, .stop = stop.get_token()});
    ASSERT_FALSE(stopped.has_value());
    EXPECT_EQ(stopped.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(requests().empty());
}

TEST_F(SmallProviderTest, RefusalsNameTheAddressAndTheProvidersHints) {
    EXPECT_THAT(to_string(refused(answer("no", "404 Not Found"))),
                AllOf(HasSubstr("/embed answered"), EndsWith("check the address and its path; it ends before /embed")));
    EXPECT_EQ(refused(answer("no", "405 Method Not Allowed")).hint, "check the address and its path");
    EXPECT_EQ(refused(answer(R"({"error":"model 'm' not found"})", "404 Not Found")).hint, "load it");
    EXPECT_EQ(refused(answer("no", "401 Unauthorized")).hint, "check the option api_key");
}

TEST_F(SmallProviderTest, AnAnswerThatIsTooLongRefusesABatchButNotASingleText) {
    const std::map<std::string, std::string> texts = {{"max_response_bytes", "1KiB"}};
    const std::string endless = answer(std::string(2000, ' '));
    EXPECT_EQ(embed(ask({endless}, texts), {"a", "b"}).error().kind, ErrorKind::too_large);
    const Error single = embed(ask({endless}, texts), {"a"}).error();
    EXPECT_EQ(single.kind, ErrorKind::internal);
    EXPECT_THAT(single.message, HasSubstr("/embed is longer than 1024 bytes"));
    EXPECT_THAT(single.hint, HasSubstr("check which server answers at endpoints"));
}

TEST_F(SmallProviderTest, ACallThatTimesOutIsMarked) {
    ScriptedServer silent([](Connection& connection) { connection.wait_until_closed(); });
    auto made = make({{"endpoints", "[" + silent.url("") + "]"}, {"proxy", "none"}, {"timeout", "50ms"}});
    ASSERT_TRUE(made.has_value());
    const Error late = embed(**made).error();
    EXPECT_EQ(late.kind, ErrorKind::unavailable);
    EXPECT_TRUE(late.deadline_reached);
}

TEST_F(SmallProviderTest, ASuccessWithoutVectorsIsAnError) {
    const Error page = refused(answer(" \n<html>the-secret-key</html>"), {{"api_key", "the-secret-key"}});
    EXPECT_EQ(page.kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(page), EndsWith("answered with an HTML page where vectors were expected; check endpoints"));
    EXPECT_EQ(page.detail, "<html>***</html>");
    EXPECT_EQ(refused(answer(R"({"error":{"message":"overloaded","code":429}})")).kind, ErrorKind::throttled);
    const Error broken = refused(answer(R"({"what":"the-secret-key"})"), {{"api_key", "the-secret-key"}});
    EXPECT_EQ(broken.kind, ErrorKind::internal);
    EXPECT_THAT(broken.message, AllOf(StartsWith("http://127.0.0.1:"), HasSubstr("/embed: ")));
    EXPECT_THAT(broken.detail, AllOf(HasSubstr("***"), Not(HasSubstr("the-secret-key"))));
}

TEST_F(SmallProviderTest, OptionsThatNameAMissingFileMakeNoProvider) {
    auto made = make({{"endpoints", "[http://a]"}, {"ca_file", "/nowhere/ca.pem"}});
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(to_string(made.error()), StartsWith("ca_file is '/nowhere/ca.pem'"));
}

// --- what the small provider does not use

TEST(Servers, ReportsWhenVectorsHaveAnotherDimension) {
    conformance::TestContext context("servers");
    const auto servers = Servers::make({.endpoints = {{.url = "http://a", .name = "http://a"}}}, context);
    ASSERT_TRUE(servers.has_value());
    const auto other = [&](const std::string& body) {
        Flaw flaw;
        const auto result =
            servers->vectors({.status = 200, .body = body}, {.texts = 1, .dimension = 2}, "http://a", &flaw);
        EXPECT_EQ(result.has_value(), body == "[[1,2]]");
        return flaw.other_dimension;
    };
    EXPECT_FALSE(other("[[1,2]]"));
    EXPECT_TRUE(other("[[1,2,3]]"));
    EXPECT_FALSE(other("<html>"));  // also misconfigured, but for another reason
    EXPECT_FALSE(other("{}"));
}

TEST(Servers, ARequestEndsWithTheHostsDeadlineOrTheOptionsTimeout) {
    conformance::TestContext context("servers");
    const HttpSettings settings{.endpoints = {{.url = "http://a/v1", .unix_socket = "/run/s", .name = "a"}},
                                .timeout = 1h,
                                .max_response_bytes = 77};
    const auto servers = Servers::make(settings, context);
    ASSERT_TRUE(servers.has_value());
    const auto soon = steady_clock::now() + 1s;
    EXPECT_EQ(servers->admit({.deadline = soon})->deadline, soon);
    const auto before = steady_clock::now();
    const auto bounds = servers->admit({});
    EXPECT_GE(bounds->deadline, before + 1h);
    EXPECT_LE(bounds->deadline, steady_clock::now() + 1h);
    const Request request = servers->request_to(0, "/embed", *bounds);
    EXPECT_EQ(request.method + " " + request.url, "POST http://a/v1/embed");
    EXPECT_EQ(request.unix_socket, "/run/s");
    EXPECT_EQ(request.deadline, bounds->deadline);
    EXPECT_EQ(request.max_response_bytes, 77U);
}

}  // namespace
}  // namespace embedq::http

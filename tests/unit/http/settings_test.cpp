// How the shared options are read, and what is refused before any request.
#include "http/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "config/configuration.h"
#include "http/options.h"

namespace embedq::http {
namespace {

using namespace std::chrono_literals;  // NOLINT: for tests only
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

inline constexpr std::array<OptionSpec, 1> settings_rows = {shared_row("model", {.optional = true})};

Result<HttpSettings> read(std::map<std::string, std::string> texts, const Protocol& protocol = {}) {
    texts.try_emplace("endpoints", "[http://one:1]");
    auto options = config::options_from_text(table_of<settings_rows>, texts);
    if (!options) throw std::runtime_error(to_string(options.error()));
    return read_settings(*options, protocol);
}

HttpSettings settings_of(std::map<std::string, std::string> texts, const Protocol& protocol = {}) {
    texts.try_emplace("model", "m");
    auto settings = read(std::move(texts), protocol);
    if (!settings) throw std::runtime_error(to_string(settings.error()));
    return std::move(*settings);
}

std::string refusal_of(std::map<std::string, std::string> texts, const Protocol& protocol = {}) {
    const auto settings = read(std::move(texts), protocol);
    if (settings) return "accepted";
    EXPECT_EQ(settings.error().kind, ErrorKind::misconfigured);
    return to_string(settings.error());
}

std::vector<std::string> headers_of(const HttpSettings& settings) {
    std::vector<std::string> lines;
    lines.reserve(settings.client.headers.size());
    for (const Header& header : settings.client.headers) lines.push_back(header.name + ": " + header.value);
    return lines;
}

TEST(SharedSettings, EachOptionIsRead) {
    const HttpSettings settings = settings_of({{"endpoints", "[http://one:1/base/, unix:///run/s.sock]"},
                                               {"dimensions", "256"},
                                               {"document_prefix", "d: "},
                                               {"query_prefix", "q: "},
                                               {"max_inputs", "7"},
                                               {"concurrency", "3"},
                                               {"timeout", "20s"},
                                               {"max_response_bytes", "1MiB"},
                                               {"proxy", "none"},
                                               {"ca_file", "/etc/ca.pem"},
                                               {"client_cert", "/etc/client.pem"},
                                               {"client_key", "/etc/client.key"},
                                               {"client_key_password", "open-the-key"},
                                               {"verify_tls", "false"}});
    ASSERT_EQ(settings.endpoints.size(), 2U);
    EXPECT_EQ(settings.endpoints[0].url, "http://one:1/base");
    EXPECT_EQ(settings.endpoints[1].unix_socket, "/run/s.sock");
    EXPECT_EQ(settings.model, "m");
    EXPECT_EQ(settings.dimensions, 256U);
    EXPECT_EQ(settings.prefix(TextKind::document), "d: ");
    EXPECT_EQ(settings.prefix(TextKind::query), "q: ");
    EXPECT_EQ(settings.limits.max_inputs, 7U);
    EXPECT_EQ(settings.limits.concurrency, 3U);
    EXPECT_EQ(settings.timeout, 20s);
    EXPECT_EQ(settings.max_response_bytes, std::size_t{1} << 20);
    EXPECT_EQ(settings.client.proxy, "none");
    EXPECT_EQ(settings.client.ca_file, "/etc/ca.pem");
    EXPECT_EQ(settings.client.client_cert, "/etc/client.pem");
    EXPECT_EQ(settings.client.client_key, "/etc/client.key");
    EXPECT_EQ(settings.client.client_key_password, "open-the-key");
    EXPECT_EQ(settings.secrets.hide("open-the-key"), "***");
    EXPECT_FALSE(settings.client.verify_tls);
}

TEST(SharedSettings, DefaultsApplyWithOnlyAnAddressAndAModel) {
    const HttpSettings settings = settings_of({});
    EXPECT_EQ(settings.dimensions, 0U);
    EXPECT_EQ(settings.limits.concurrency, 4U);
    EXPECT_EQ(settings.limits.max_inputs, 0U);
    EXPECT_EQ(settings.timeout, 5min);
    EXPECT_TRUE(settings.client.verify_tls);
    EXPECT_THAT(settings.client.proxy, IsEmpty());
    EXPECT_THAT(headers_of(settings), ElementsAre("Content-Type: application/json", "Accept: application/json"));
}

TEST(SharedSettings, InvalidEndpointsAreRefusedWithAHint) {
    const Protocol protocol{.example = "http://127.0.0.1:8080", .rejected_suffixes = {{"/embed", "which is appended"}}};
    EXPECT_EQ(refusal_of({{"endpoints", "[]"}}, protocol),
              "endpoints is empty; name at least one, like http://127.0.0.1:8080");
    EXPECT_EQ(refusal_of({{"endpoints", "[http://a, http://u:w@a/embed/]"}}, protocol),
              "the endpoint http://a/embed ends with /embed, which is appended; remove /embed");
    EXPECT_EQ(refusal_of({{"endpoints", "[http://a, http://b, http://u:w@a/]"}}),
              "the endpoint http://a is given twice; name each endpoint once");
    EXPECT_THAT(refusal_of({{"endpoints", "[ftp://a]"}}), HasSubstr("expected http://HOST"));
}

TEST(SharedSettings, AModelIsRequiredUnlessTheServerReportsIt) {
    EXPECT_EQ(refusal_of({}), "model is not given; name the model that makes the vectors");
    EXPECT_EQ(refusal_of({{"model", ""}}), "model is empty; name the model that makes the vectors");
    EXPECT_EQ(refusal_of({}, {.reports_model = true}), "accepted");
}

TEST(SharedSettings, TheKeyIsSentAsTheProtocolRequires) {
    EXPECT_THAT(headers_of(settings_of({{"api_key", "k"}})), testing::Contains("Authorization: Bearer k"));
    EXPECT_THAT(headers_of(settings_of({{"api_key", "k"}}, {.auth_header = "api-key", .auth_scheme = ""})),
                testing::Contains("api-key: k"));
}

TEST(SharedSettings, AConfiguredHeaderWins) {
    EXPECT_THAT(headers_of(settings_of({{"api_key", "k"}, {"headers", "{authorization: Basic x, accept: y}"}})),
                testing::UnorderedElementsAre("Content-Type: application/json", "authorization: Basic x", "accept: y"));
}

TEST(SharedSettings, KeysAreHiddenWhereverTheyComeFrom) {
    const HttpSettings settings =
        settings_of({{"api_key", "key-of-api"}, {"headers", "{X: key-of-header}"}}, {.secrets = {"key-of-own"}});
    EXPECT_EQ(settings.secrets.hide("key-of-api key-of-header key-of-own"), "*** *** ***");
}

TEST(SharedSettings, AHeaderThatSaysWhoAsksIsNoKey) {
    const HttpSettings settings = settings_of({{"headers", "{X-Title: my-application, X-Team: our-own-team}"}});
    EXPECT_EQ(settings.secrets.hide("my-application our-own-team"), "my-application ***");
}

TEST(SharedSettings, PublicOptionsReachTheSameServersAndHoldNoSecret) {
    const std::map<std::string, std::string> texts = {
        {"endpoints", "[\"http://u:secret1@a/v1\", \"unix:///run/b.sock\"]"},
        {"model", "m"},
        {"dimensions", "8"},
        {"ca_file", "/etc/ca.pem"},
        {"client_cert", "/etc/c.pem"},
        {"client_key", "/etc/c.key"},
        {"client_key_password", "secret5"},
        {"verify_tls", "false"},
        {"api_key", "secret2"},
        {"headers", "{X: secret3}"}};
    auto with_proxy = texts;
    with_proxy["proxy"] = "http://p:1";
    const HttpSettings settings = settings_of(with_proxy);
    EXPECT_THAT(
        settings.public_options,
        ElementsAre(Pair("endpoints", "[\"http://a/v1\", \"unix:///run/b.sock\"]"), Pair("model", "m"),
                    Pair("dimensions", "8"), Pair("ca_file", "/etc/ca.pem"), Pair("client_cert", "/etc/c.pem"),
                    Pair("client_key", "/etc/c.key"), Pair("verify_tls", "false"), Pair("proxy", "http://p:1")));
    const HttpSettings again = settings_of({settings.public_options.begin(), settings.public_options.end()});
    EXPECT_EQ(again.public_options, settings.public_options);
    EXPECT_EQ(again.endpoints[1].unix_socket, "/run/b.sock");
    with_proxy["proxy"] = "http://u:secret4@p:1";
    EXPECT_THAT(settings_of(with_proxy).public_options, Not(testing::Contains(Pair("proxy", testing::_))));
}

}  // namespace
}  // namespace embedq::http

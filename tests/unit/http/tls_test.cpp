// Which servers the client trusts, and which protocols it offers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "http/client.h"
#include "unit/http/scripted_server.h"
#include "unit/http/tls_server.h"

namespace embedq::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

class Tls : public testing::Test {
protected:
    Tls() { std::filesystem::create_directories(folder_); }
    ~Tls() override { std::filesystem::remove_all(folder_); }

    // "200", or the error.
    [[nodiscard]] static std::string answer_of(ClientOptions options, const std::string& url) {
        options.proxy = "none";
        auto client = Client::make(std::move(options));
        if (!client) return to_string(client.error());
        auto response = (*client)->send({.url = url, .body = "{}"});
        return response ? std::to_string(response->status)
                        : std::string(to_string(response.error().kind)) + ": " + to_string(response.error());
    }

    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("embedq-tls-" + std::to_string(::getpid()));
    const std::string ca_file_ = folder_ / "ca.pem";
    TlsServer server_{(std::filesystem::create_directories(folder_), answer("{}")), ca_file_};
};

TEST_F(Tls, AnUnknownAuthorityIsRefused) {
    EXPECT_THAT(answer_of({}, server_.url()),
                AllOf(HasSubstr("misconfigured: the certificate of https://localhost"), HasSubstr("is not trusted"),
                      HasSubstr("name the authority that signed it in ca_file")));
}

TEST_F(Tls, ANamedAuthorityIsTrusted) {
    EXPECT_EQ(answer_of({.ca_file = ca_file_}, server_.url()), "200");
}

TEST_F(Tls, ACertificateForAnotherHostIsRefused) {
    EXPECT_THAT(answer_of({.ca_file = ca_file_}, server_.url("127.0.0.1")),
                HasSubstr("misconfigured: the certificate of https://127.0.0.1"));
}

TEST_F(Tls, VerificationCanBeSwitchedOff) {
    EXPECT_EQ(answer_of({.verify_tls = false}, server_.url("127.0.0.1")), "200");
}

TEST_F(Tls, ANamedAuthorityIsTheOnlyOne) {
    const std::filesystem::path other = folder_ / "other.pem";
    const TlsServer stranger(answer("{}"), other);
    EXPECT_THAT(answer_of({.ca_file = other}, server_.url()), HasSubstr("is not trusted"));
}

TEST_F(Tls, WhatIsWrongWithACertificateDecidesTheHint) {
    const auto refusal_of = [&](TlsOptions options, const std::string& host = "localhost") {
        const TlsServer server(answer("{}"), ca_file_, options);
        return answer_of({.ca_file = ca_file_}, server.url(host));
    };
    EXPECT_THAT(refusal_of({.valid_from = -7200, .valid_to = -3600}),
                AllOf(HasSubstr("misconfigured: the certificate of https://localhost"), HasSubstr("has expired"),
                      EndsWith("; renew the server's certificate, or correct this machine's clock")));
    EXPECT_THAT(refusal_of({.valid_from = 3600, .valid_to = 7200}),
                AllOf(HasSubstr("not yet valid"), EndsWith("or correct this machine's clock")));
    EXPECT_THAT(refusal_of({.self_signed = true}),
                AllOf(HasSubstr("self-signed"), EndsWith("; name the certificate itself in ca_file")));
    EXPECT_THAT(refusal_of({}, "127.0.0.1"), EndsWith("; use an address for which the certificate was made"));
}

TEST_F(Tls, AClientIdentifiesItselfByACertificate) {
    const TlsServer server(answer("{}"), ca_file_, {.requires_client = true});
    const std::string cert = folder_ / "client.pem";
    const std::string key = folder_ / "client.key";
    server.write_client(cert, key);
    EXPECT_EQ(answer_of({.ca_file = ca_file_, .client_cert = cert, .client_key = key}, server.url()), "200");
    const std::string both = folder_ / "both.pem";
    std::ofstream(both) << std::ifstream(cert).rdbuf() << std::ifstream(key).rdbuf();
    EXPECT_EQ(answer_of({.ca_file = ca_file_, .client_cert = both}, server.url()), "200");
    EXPECT_THAT(answer_of({.ca_file = ca_file_}, server.url()),
                AllOf(HasSubstr("misconfigured: https://localhost"), HasSubstr("requires a certificate of its clients"),
                      EndsWith("; name one in client_cert")));
}

TEST_F(Tls, AServerThatResetsAClientWithoutACertificateGetsAHint) {
    const TlsServer server(answer("{}"), ca_file_, {.requires_client = true, .resets = true});
    // Whether the alert is read before the reset is a matter of timing.
    EXPECT_THAT(answer_of({.ca_file = ca_file_}, server.url()),
                AllOf(HasSubstr("https://localhost"), EndsWith("name one in client_cert")));
    const TlsServer resetting("", ca_file_);
    EXPECT_THAT(answer_of({.ca_file = ca_file_}, resetting.url()),
                AllOf(HasSubstr("unavailable: the answer from https://localhost"),
                      EndsWith("; if the server requires a certificate of its clients, name one in client_cert")));
}

TEST_F(Tls, AClientsCertificateThatTheServerRefusesIsNamed) {
    const TlsServer server(answer("{}"), ca_file_, {.requires_client = true});
    const std::string cert = folder_ / "client.pem";
    const std::string key = folder_ / "client.key";
    const auto refusal = AllOf(HasSubstr("misconfigured: https://localhost"),
                               HasSubstr("does not accept the certificate in client_cert"));
    const TlsServer stranger(answer("{}"), folder_ / "other.pem");
    stranger.write_client(cert, key);
    EXPECT_THAT(answer_of({.ca_file = ca_file_, .client_cert = cert, .client_key = key}, server.url()), refusal);
    server.write_client(cert, key, {}, {.valid_from = -7200, .valid_to = -3600});
    EXPECT_THAT(answer_of({.ca_file = ca_file_, .client_cert = cert, .client_key = key}, server.url()), refusal);
}

TEST_F(Tls, AnEncryptedKeyNeedsItsPassword) {
    const TlsServer server(answer("{}"), ca_file_, {.requires_client = true});
    const std::string cert = folder_ / "client.pem";
    const std::string key = folder_ / "client.key";
    server.write_client(cert, key, "open-the-key");
    const auto with = [&](const std::string& password) {
        return answer_of({.ca_file = ca_file_, .client_cert = cert, .client_key = key, .client_key_password = password},
                         server.url());
    };
    EXPECT_EQ(with("open-the-key"), "200");
    // No password is asked for at a terminal.
    for (const char* wrong : {"", "another"})
        EXPECT_THAT(with(wrong), HasSubstr("misconfigured: client_cert and client_key cannot be used")) << wrong;
}

TEST_F(Tls, AClientsFilesThatDoNotBelongTogetherAreNamed) {
    const std::string cert = folder_ / "client.pem";
    const std::string key = folder_ / "client.key";
    const std::string other = folder_ / "other.key";
    server_.write_client(folder_ / "other.pem", other);
    server_.write_client(cert, key);
    const auto with = [&](const std::string& certificate, const std::string& key_file) {
        return answer_of({.ca_file = ca_file_, .client_cert = certificate, .client_key = key_file}, server_.url());
    };
    for (const auto& [certificate, key_file] :
         {std::pair{cert, other}, std::pair{key, key}, std::pair{cert, cert}, std::pair{cert, std::string()}}) {
        EXPECT_THAT(with(certificate, key_file),
                    AllOf(HasSubstr("misconfigured: client_cert and client_key cannot be used: "),
                          HasSubstr("give PEM files of a certificate and of its own key")));
    }
    EXPECT_THAT(with(folder_ / "none.pem", key),
                AllOf(HasSubstr("client_cert is '"), HasSubstr("there is no such file")));
    EXPECT_THAT(with(cert, folder_ / "none.key"),
                AllOf(HasSubstr("client_key is '"), HasSubstr("there is no such file")));
    EXPECT_THAT(with("", key), HasSubstr("a client's key is given, but client_cert is not"));
    std::filesystem::permissions(key, std::filesystem::perms::none);
    if (::geteuid() != 0) EXPECT_THAT(with(cert, key), HasSubstr("but it cannot be read; let this user read it"));
}

TEST_F(Tls, AFileWithoutACertificateIsNamed) {
    const std::filesystem::path broken = folder_ / "broken.pem";
    std::ofstream(broken) << "no certificate";
    EXPECT_THAT(answer_of({.ca_file = broken}, server_.url()), HasSubstr("misconfigured: the certificates of ca_file"));
}

TEST_F(Tls, Http2IsOffered) {
    ASSERT_EQ(answer_of({.ca_file = ca_file_}, server_.url()), "200");
    EXPECT_EQ(server_.offered(), "h2,http/1.1");
}

TEST_F(Tls, ARedirectToPlainHttpIsRefused) {
    const TlsServer downgrading(answer("", "308 Permanent Redirect", "Location: http://localhost/v1\r\n"), ca_file_);
    EXPECT_THAT(answer_of({.ca_file = ca_file_}, downgrading.url()),
                HasSubstr("redirects to http://localhost/v1, which is another server"));
}

TEST_F(Tls, AServerThatResetsARequestIsUnavailable) {
    const TlsServer resetting("", ca_file_);
    auto client = Client::make({.proxy = "none", .ca_file = ca_file_});
    ASSERT_TRUE(client.has_value());
    for (int i = 0; i < 5; ++i) {
        const auto response =
            (*client)->send({.url = resetting.url(), .body = std::string(std::size_t{20} << 20, 'x')});
        ASSERT_FALSE(response.has_value());
        EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    }
}

TEST_F(Tls, PlainHttpAtAnHttpsAddressIsUnavailable) {
    ScriptedServer plain([](Connection& connection) { connection.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    EXPECT_THAT(answer_of({}, "https://127.0.0.1:" + std::to_string(plain.port()) + "/v1"),
                HasSubstr("unavailable: no TLS connection"));
}

}  // namespace
}  // namespace embedq::http

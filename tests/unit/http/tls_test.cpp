// Which servers the client trusts, and which protocols it offers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "http/client.h"
#include "unit/http/scripted_server.h"
#include "unit/http/tls_server.h"

namespace embedq::http {
namespace {

using testing::AllOf;
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

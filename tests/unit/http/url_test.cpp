#include "http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embedq::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Endpoint, IsAUrlOrASocketFile) {
    const auto parsed = [](std::string_view text) {
        auto endpoint = parse_endpoint(text);
        return endpoint ? endpoint->url + " | " + endpoint->unix_socket + " | " + endpoint->name
                        : "error: " + to_string(endpoint.error());
    };
    EXPECT_EQ(parsed("http://10.0.0.5:11434"), "http://10.0.0.5:11434 |  | http://10.0.0.5:11434");
    EXPECT_EQ(parsed("https://user:secret@host/base//"), "https://user:secret@host/base |  | https://host/base");
    EXPECT_EQ(parsed("http://[::1]:8080/v1"), "http://[::1]:8080/v1 |  | http://[::1]:8080/v1");
    EXPECT_EQ(parsed("unix:///run/ollama.sock"), "http://localhost | /run/ollama.sock | unix:///run/ollama.sock");
    EXPECT_EQ(parsed("unix:///run/vllm.sock:/v1/"), "http://localhost/v1 | /run/vllm.sock | unix:///run/vllm.sock:/v1");
}

TEST(Endpoint, AnotherTextIsRefusedWithoutItsCredentials) {
    const auto refused = [](std::string_view text) {
        auto endpoint = parse_endpoint(text);
        EXPECT_FALSE(endpoint.has_value()) << text;
        if (endpoint) return std::string();
        EXPECT_EQ(endpoint.error().kind, ErrorKind::misconfigured);
        return to_string(endpoint.error());
    };
    EXPECT_THAT(refused("localhost:11434"),
                HasSubstr("'localhost:11434' is not the URL of a server; expected http://HOST"));
    EXPECT_THAT(refused("ftp://user:secret@host/"), AllOf(HasSubstr("@host/"), Not(HasSubstr("secret"))));
    EXPECT_THAT(refused("http://"), HasSubstr("expected http://HOST"));
    EXPECT_THAT(refused(""), HasSubstr("expected http://HOST"));
    EXPECT_THAT(refused("unix://run/x.sock"), HasSubstr("three slashes"));
    EXPECT_THAT(refused("unix:/run/x.sock"), HasSubstr("unix:///PATH"));
    EXPECT_THAT(refused("https://host/?key=secret"), AllOf(HasSubstr("https://host/"), Not(HasSubstr("secret"))));
}

TEST(Url, OriginsAreNormalised) {
    EXPECT_EQ(origin_of("HTTPS://Host/a"), "https://host:443");
    EXPECT_EQ(origin_of("https://user@host:443/b?c"), "https://host:443");
    EXPECT_EQ(origin_of("http://host"), "http://host:80");
    EXPECT_EQ(origin_of("ftp://host"), "");
    EXPECT_EQ(origin_of("host/path"), "");
}

TEST(Url, ALocationIsResolvedAgainstItsBase) {
    EXPECT_EQ(resolve("http://user:pw@host/a/b?c", "d"), "http://user:pw@host/a/d");
    EXPECT_EQ(resolve("http://user:pw@host/a", "http://host/d?e"), "http://user:pw@host/d?e");
    EXPECT_EQ(resolve("http://host/a", "http://other:pw@host/d"), "http://host/d");
    EXPECT_EQ(resolve("http://host/a", "//evil/d"), "http://evil/d");
}

TEST(Url, IsShownWithoutPossibleSecrets) {
    EXPECT_EQ(shown("https://user:secret@host:8443/v1?key=secret#secret"), "https://host:8443/v1");
    EXPECT_EQ(shown("secret"), "(not a URL)");
    EXPECT_FALSE(is_url("secret"));
    EXPECT_TRUE(is_url("https://host"));
}

}  // namespace
}  // namespace embedq::http

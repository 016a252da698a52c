#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "fetch/fetch.h"
#include "local_server.h"

namespace embedq::fetch {
namespace {

using testing::answer;
using ::testing::HasSubstr;
using testing::LocalServer;
using ::testing::Not;

std::unique_ptr<Fetcher> fetcher(FetchSettings settings = {.allow_http = true,
                                                           .allow_private_addresses = {"127.0.0.1"}}) {
    auto made = make_fetcher(std::move(settings));
    EXPECT_TRUE(made) << to_string(made.error());
    return std::move(*made);
}

Result<Fetched> get(const std::string& url,
                    FetchSettings settings = {.allow_http = true, .allow_private_addresses = {"127.0.0.1"}},
                    const std::string& validator = {}) {
    return fetcher(std::move(settings))->fetch(url, validator, {});
}

std::string why(const Result<Fetched>& fetched) {
    return fetched ? "was fetched" : to_string(fetched.error());
}

TEST(ReadUrl, makes_one_spelling_of_many) {
    const auto https = fetcher({});
    const auto text = [&](const char* url) { return https->read_url(url)->text; };
    EXPECT_EQ(text("HTTPS://Example.COM/API.json"), "https://example.com/API.json");
    EXPECT_EQ(text("https://example.com:443/a#part"), "https://example.com/a");
    EXPECT_EQ(text("https://example.com:8443/a?b=c#d"), "https://example.com:8443/a?b=c");
    EXPECT_EQ(https->read_url("https://example.com:8443/v1/api.json?x=1")->path, "example.com-8443/v1/api.json");
}

TEST(ReadUrl, refuses_with_the_reason) {
    const auto https = fetcher({});
    const auto why = [&](std::string_view url) {
        const auto read = https->read_url(url);
        return read ? "was taken as " + read->text : to_string(read.error());
    };
    EXPECT_THAT(why("http://example.com/a"), HasSubstr("use https, or set fetch.allow_http"));
    EXPECT_THAT(why("ftp://example.com/a"), HasSubstr("has the scheme 'ftp', expected https"));
    EXPECT_THAT(why("file:///etc/passwd"), HasSubstr("has the scheme 'file'"));
    EXPECT_THAT(why("gopher://example.com/"), HasSubstr("has the scheme 'gopher'"));
    EXPECT_THAT(why("https://user:secret@example.com/"), HasSubstr("has a user or password in it"));
    EXPECT_THAT(why("https://user:secret@example.com/"), Not(HasSubstr("secret")));
    EXPECT_THAT(why("https://@example.com/"), Not(HasSubstr("secret")));
    EXPECT_THAT(why("https://"), HasSubstr("is not a URL"));
    EXPECT_THAT(why("https://exa mple.com/"), HasSubstr("is not a URL"));
    EXPECT_THAT(why("https://example.com/\r\nX: y"), HasSubstr("is not a URL"));
    EXPECT_THAT(why(std::string_view("https://example.com/\0x", 22)), HasSubstr("zero byte"));
    EXPECT_THAT(why("https://example.com/" + std::string(9'000, 'a')), HasSubstr("at most 8192"));
}

TEST(ReadUrl, refuses_special_addresses_in_any_spelling) {
    const auto https = fetcher({});
    for (const char* host : {"127.0.0.1",
                             "127.1",
                             "0177.0.0.1",
                             "0x7f.0.0.1",
                             "0x7f000001",
                             "2130706433",
                             "017700000001",
                             "127.0.0.1.",
                             "[::1]",
                             "[::ffff:127.0.0.1]",
                             "[::ffff:7f00:1]",
                             "[0:0:0:0:0:0:0:1]",
                             "[64:ff9b::7f00:1]",
                             "[2002:7f00:1::]",
                             "10.0.0.1",
                             "169.254.169.254",
                             "[fe80::1%25lo]",
                             "[fd00::1]",
                             "0.0.0.0",
                             "[::]",
                             "0"}) {
        const std::string url = std::string("https://") + host + "/";
        // What is not recognized as an address here is one for the resolver, and then for the guard.
        const auto read = https->read_url(url);
        const std::string message = read ? why(https->fetch(url, {}, {})) : to_string(read.error());
        EXPECT_THAT(message, ::testing::AnyOf(HasSubstr("documents are fetched only from public addresses"),
                                              HasSubstr("is not a URL"),
                                              HasSubstr("could not be fetched: Could not resolve host")))
            << url;
    }
}

TEST(Fetch, returns_the_document_and_its_validator) {
    LocalServer server(
        {answer("200 OK", "ETag: \"v1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Type: text/html\r\n",
                "{}"),
         answer("200 OK", "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "{}"), answer("200 OK", "", "{}")});
    const auto first = get(server.url());
    ASSERT_TRUE(first) << why(first);
    EXPECT_EQ(first->content, "{}");
    EXPECT_FALSE(first->unchanged);
    EXPECT_EQ(first->validator, "\"v1\"");
    EXPECT_EQ(get(server.url())->validator, "Wed, 21 Oct 2015 07:28:00 GMT");
    EXPECT_EQ(get(server.url())->validator, "");
}

TEST(Fetch, sends_the_validator) {
    LocalServer server({"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
                        "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
                        "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"});
    const FetchSettings local{.allow_http = true, .allow_private_addresses = {"127.0.0.1"}};
    EXPECT_TRUE(get(server.url(), local, "W/\"v1\"")->unchanged);
    EXPECT_TRUE(get(server.url(), local, "Wed, 21 Oct 2015 07:28:00 GMT")->unchanged);
    EXPECT_THAT(why(get(server.url(), local)), HasSubstr("the server answers 304"));
    EXPECT_THAT(server.requests()[0], HasSubstr("If-None-Match: W/\"v1\"\r\n"));
    EXPECT_THAT(server.requests()[1], HasSubstr("If-Modified-Since: Wed, 21 Oct 2015 07:28:00 GMT\r\n"));
    EXPECT_THAT(server.requests()[2], Not(HasSubstr("If-")));
}

TEST(Fetch, refuses_what_is_not_a_document) {
    LocalServer server({answer("200 OK", "Content-Type: application/json\r\n", "\xEF\xBB\xBF\n <!doctype html><html>"),
                        answer("200 OK", "", ""), answer("404 Not Found", "", "{}"), answer("401 No", "", "{}"),
                        answer("503 Busy", "", "{}"), answer("204 Empty", "", ""), answer("302 Found", "", "")});
    EXPECT_THAT(why(get(server.url())), HasSubstr("is an HTML or XML page"));
    EXPECT_THAT(why(get(server.url())), HasSubstr("is empty"));
    const auto missing = get(server.url());
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_THAT(why(get(server.url())), HasSubstr("is not public: the server answers 401"));
    EXPECT_EQ(get(server.url()).error().kind, ErrorKind::unavailable);
    EXPECT_THAT(why(get(server.url())), HasSubstr("the server answers 204"));
    EXPECT_THAT(why(get(server.url())), HasSubstr("without a Location"));
}

TEST(Guard, refuses_a_name_that_resolves_to_a_special_address) {
    LocalServer server({});
    const auto entry = "public.example:" + std::to_string(server.port()) + ":127.0.0.1";
    const FetchSettings rebound{.allow_http = true, .resolved = {entry}};
    EXPECT_THAT(why(get(server.url("/", "public.example"), rebound)),
                HasSubstr("leads to 127.0.0.1, which is loopback (127.0.0.0/8, RFC 1122), but documents are fetched "
                          "only from public addresses"));
    EXPECT_THAT(why(get(server.url("/", "localhost"), {.allow_http = true})), HasSubstr("which is loopback"));
    EXPECT_TRUE(server.requests().empty());
}

TEST(Guard, allows_the_configured_networks_and_nothing_else) {
    LocalServer server({answer("200 OK", "", "{}")});
    const auto entry = [&](const char* address) {
        return "public.example:" + std::to_string(server.port()) + ":" + address;
    };
    const std::string url = server.url("/", "public.example");
    EXPECT_THAT(why(get(url, {.allow_http = true,
                              .allow_private_addresses = {"127.0.0.2/32", "10.0.0.0/8"},
                              .resolved = {entry("127.0.0.1")}})),
                HasSubstr("which is loopback"));
    EXPECT_TRUE(
        get(url, {.allow_http = true, .allow_private_addresses = {"127.0.0.0/8"}, .resolved = {entry("127.0.0.1")}}));
}

TEST(Guard, checks_redirects) {
    LocalServer hidden({answer("200 OK", "", "{\"secret\":1}")});
    const auto behind = [&](const std::string& target, std::vector<std::string> resolved = {}) {
        LocalServer server({answer("302 Found", "Location: " + target + "\r\n", "")});
        return why(
            get(server.url(),
                {.allow_http = true, .allow_private_addresses = {"127.0.0.1"}, .resolved = std::move(resolved)}));
    };
    const std::string port = std::to_string(hidden.port());
    EXPECT_THAT(behind("http://127.0.0.2:" + port + "/"),
                HasSubstr("redirects to 'http://127.0.0.2:" + port + "/', which leads to 127.0.0.2"));
    EXPECT_THAT(behind("http://rebound.example:" + port + "/", {"rebound.example:" + port + ":127.0.0.2"}),
                HasSubstr("leads to 127.0.0.2, which is loopback"));
    EXPECT_THAT(behind("http://[::1]:" + port + "/"), HasSubstr("which is loopback (::1/128"));
    EXPECT_THAT(behind("file:///etc/passwd"), HasSubstr("which has the scheme 'file'"));
    EXPECT_THAT(behind("ftp://127.0.0.1/x"), HasSubstr("which has the scheme 'ftp'"));
    EXPECT_THAT(behind("http://u:p@127.0.0.1:" + port + "/"), HasSubstr("has a user or password in it"));
    EXPECT_TRUE(hidden.requests().empty());
}

TEST(Parts, come_from_the_server_of_the_document_only) {
    LocalServer other({answer("200 OK", "", "{\"secret\":1}")});
    const std::string document = "http://127.0.0.1:1/v1/api.yaml";
    EXPECT_EQ(why(fetcher()->fetch_part(other.url(), document, 1'000, {})), "is on another server");
    LocalServer server({answer("302 Found", "Location: " + other.url("/secret") + "\r\n", ""),
                        answer("302 Found", "Location: /b.yaml\r\n", ""), answer("200 OK", "", "get: {}"),
                        answer("200 OK", "", "get: {}")});
    EXPECT_EQ(why(fetcher()->fetch_part(server.url("/a.yaml"), server.url(), 1'000, {})),
              "redirects to what is on another server");
    const auto part = fetcher()->fetch_part(server.url("/a.yaml"), server.url(), 1'000, {});
    ASSERT_TRUE(part) << to_string(part.error());
    EXPECT_EQ(part->url, server.url("/b.yaml"));
    EXPECT_EQ(fetcher()->fetch_part(server.url("/a.yaml"), server.url(), 3, {}).error().kind, ErrorKind::too_large);
    EXPECT_TRUE(other.requests().empty());
}

TEST(Parts, are_found_by_references) {
    const auto to = [](const std::string& reference) {
        return resolve_reference("https://a.example/v1/api.yaml?x=1", reference).value_or("none");
    };
    EXPECT_EQ(to("parts/a.yaml"), "https://a.example/v1/parts/a.yaml");
    EXPECT_EQ(to("../a.yaml"), "https://a.example/a.yaml");
    EXPECT_EQ(to("/a.yaml?y"), "https://a.example/a.yaml?y");
    EXPECT_EQ(to("//b.example/a.yaml"), "https://b.example/a.yaml");
    EXPECT_EQ(to("a b.yaml"), "https://a.example/v1/a%20b.yaml");
    EXPECT_EQ(to(std::string("a\0b", 3)), "none");
    EXPECT_TRUE(have_same_origin("https://a.example/x", "https://a.example:443/y"));
    for (const char* const other : {"http://a.example/", "https://a.example:444/", "https://b.example/", "x"})
        EXPECT_FALSE(have_same_origin("https://a.example/x", other)) << other;
}

TEST(Redirects, are_refused_without_showing_their_secrets) {
    const auto to = [](const std::string& target) {
        LocalServer server({answer("302 Found", "Location: " + target + "\r\n", "")});
        return why(get(server.url()));
    };
    const auto password = to("http://me:hunter2@127.0.0.1/a?token=hunter3#hunter4");
    EXPECT_THAT(password, HasSubstr("redirects to 'http://127.0.0.1/a', which has a user or password in it"));
    EXPECT_THAT(password, Not(HasSubstr("hunter")));
    const auto query = to("http://10.0.0.1/a?token=hunter3");
    EXPECT_THAT(query, HasSubstr("redirects to 'http://10.0.0.1/a', which leads to 10.0.0.1"));
    EXPECT_THAT(query, Not(HasSubstr("hunter")));
    EXPECT_THAT(to("http://me:hunter2@exa mple/"), Not(HasSubstr("hunter")));
    EXPECT_LT(to("http://10.0.0.1/" + std::string(8'100, 'a')).size(), 1'000U);
}

TEST(Redirects, are_followed_and_counted) {
    LocalServer server({answer("301 Moved", "Location: /a\r\n", ""), answer("307 Moved", "Location: b?c\r\n", ""),
                        answer("200 OK", "", "{}")});
    const auto fetched = get(server.url("/x/y"));
    ASSERT_TRUE(fetched) << why(fetched);
    EXPECT_THAT(server.requests()[1], ::testing::StartsWith("GET /a HTTP"));
    EXPECT_THAT(server.requests()[2], ::testing::StartsWith("GET /b?c HTTP"));
    LocalServer loop(std::vector<std::string>(9, answer("302 Found", "Location: /again\r\n", "")));
    EXPECT_THAT(
        why(get(loop.url(), {.allow_http = true, .allow_private_addresses = {"127.0.0.1"}, .max_redirects = 3})),
        HasSubstr("redirects more than 3 times (fetch.max_redirects)"));
    EXPECT_EQ(loop.requests().size(), 4U);
}

TEST(Redirects, from_https_to_http_need_what_http_needs) {
    const auto https = fetcher({});
    EXPECT_FALSE(https->read_url("http://example.com/"));
}

TEST(Limits, apply_to_the_bytes_of_body_and_headers) {
    const std::string long_one(5'000, ' ');
    LocalServer server({answer("200 OK", "", long_one), answer("200 OK", "", long_one), "HTTP/1.1 200 OK\r\n" + [] {
                            std::string headers;
                            for (int i = 0; i < 4'000; ++i)
                                headers += "X-" + std::to_string(i) + ": " + std::string(90, 'x') + "\r\n";
                            return headers;
                        }() + "\r\n"});
    FetchSettings small{.allow_http = true, .allow_private_addresses = {"127.0.0.1"}, .max_bytes = 4'999};
    EXPECT_THAT(why(get(server.url(), small)), HasSubstr("is longer than 4999 bytes"));
    small.max_bytes = 5'000;
    EXPECT_TRUE(get(server.url(), small));
    EXPECT_THAT(why(get(server.url(), small)), HasSubstr("comes with more than 262144 bytes of headers"));
}

TEST(Limits, apply_to_the_time) {
    LocalServer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{…", "…"});
    const FetchSettings hasty{
        .allow_http = true, .allow_private_addresses = {"127.0.0.1"}, .timeout = std::chrono::milliseconds(100)};
    for (int i = 0; i < 2; ++i) {
        const auto fetched = get(server.url(), hasty);
        ASSERT_FALSE(fetched);
        EXPECT_EQ(fetched.error().kind, ErrorKind::unavailable);
        EXPECT_THAT(why(fetched), HasSubstr("was not complete after 100 ms (fetch.timeout)"));
    }
}

TEST(Fetch, ends_at_a_stop) {
    LocalServer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{…"});
    std::stop_source stop;
    stop.request_stop();
    const auto fetched = fetcher()->fetch(server.url(), {}, stop.get_token());
    EXPECT_THAT(why(fetched), HasSubstr("stopping"));
}

TEST(Fetch, refuses_an_answer_that_is_cut_off) {
    LocalServer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"openapi\":"});
    EXPECT_THAT(why(get(server.url())), HasSubstr("could not be fetched"));
}

TEST(Fetch, ignores_the_proxies_of_the_environment) {
    LocalServer server({answer("200 OK", "", "{}")});
    ASSERT_EQ(::setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
    ASSERT_EQ(::setenv("ALL_PROXY", "http://127.0.0.1:9", 1), 0);
    EXPECT_TRUE(get(server.url()));
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
}

TEST(Fetch, uses_the_configured_proxy_but_not_for_special_addresses) {
    LocalServer proxy({answer("200 OK", "", "{}")});
    const FetchSettings settings{.allow_http = true, .proxy = "http://127.0.0.1:" + std::to_string(proxy.port())};
    EXPECT_TRUE(get("http://public.example/api.json", settings));
    EXPECT_THAT(proxy.requests().at(0), ::testing::StartsWith("GET http://public.example/api.json HTTP"));
    EXPECT_THAT(why(get("http://169.254.169.254/latest", settings)), HasSubstr("link-local"));
    EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST(Fetch, uses_the_proxy_even_if_the_environment_makes_exceptions) {
    LocalServer hidden({answer("200 OK", "", "{\"secret\":1}")});
    LocalServer proxy(std::vector<std::string>(4, answer("200 OK", "", "{}")));
    const auto entry = "public.example:" + std::to_string(hidden.port()) + ":127.0.0.1";
    const FetchSettings settings{
        .allow_http = true, .proxy = "http://127.0.0.1:" + std::to_string(proxy.port()), .resolved = {entry}};
    for (const char* name : {"no_proxy", "NO_PROXY"}) {
        for (const char* exceptions : {"public.example", "*"}) {
            ASSERT_EQ(::setenv(name, exceptions, 1), 0);
            const auto fetched = get(hidden.url("/", "public.example"), settings);
            EXPECT_EQ(fetched ? fetched->content : why(fetched), "{}") << name << "=" << exceptions;
            ::unsetenv(name);
        }
    }
    EXPECT_TRUE(hidden.requests().empty());
    EXPECT_EQ(proxy.requests().size(), 4U);
}

TEST(MakeFetcher, refuses_wrong_settings) {
    EXPECT_THAT(to_string(make_fetcher({.allow_private_addresses = {"nowhere"}}).error()),
                HasSubstr("fetch.allow_private_addresses: 'nowhere' is not a network"));
    EXPECT_THAT(to_string(make_fetcher({.ca_file = "/nowhere.pem"}).error()),
                HasSubstr("fetch.ca_file: the file '/nowhere.pem' cannot be read"));
}

TEST(IsUrl, depends_on_the_scheme) {
    for (const char* text : {"https://a", "http://a/b", "ftp://x", "HTTPS://A", "svn+ssh://x"})
        EXPECT_TRUE(is_url(text)) << text;
    for (const char* text : {"", "a/b.json", "C:/x", "https:/a", "://a", "1a://b", "a b://c", "./https://a"})
        EXPECT_FALSE(is_url(text)) << text;
}

}  // namespace
}  // namespace embedq::fetch

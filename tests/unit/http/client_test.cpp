// How the client sends: connections, deadlines, stops, redirects, proxies.
#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "unit/http/client_support.h"

namespace embedq::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Client, SendsTheRequestAndReadsTheAnswer) {
    std::promise<std::string> got;
    ScriptedServer server([&](Connection& connection) {
        got.set_value(connection.read_request());
        connection.write(answer("{\"a\":1}", "201 Created", "X-Request-ID: r-1\r\n"));
    });
    auto client = make({.headers = {{"X-Everywhere", "yes"}, {"X-Both", "client"}}, .user_agent = "embedq/test"});
    auto request = post(server.url("/v1/embeddings?a=b"), "{\"input\":[]}");
    request.headers = {{"Content-Type", "application/json"}, {"x-both", "request"}};
    auto response = client->send(request);
    ASSERT_TRUE(response.has_value()) << to_string(response.error());
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->body, "{\"a\":1}");
    EXPECT_EQ(response->headers.find("x-request-id"), "r-1");
    EXPECT_FALSE(response->headers.find("absent").has_value());
    EXPECT_FALSE(response->reused_connection);
    const std::string sent = got.get_future().get();
    EXPECT_THAT(sent, StartsWith("POST /v1/embeddings?a=b HTTP/1.1\r\n"));
    EXPECT_THAT(sent, AllOf(HasSubstr("X-Everywhere: yes\r\n"), HasSubstr("x-both: request\r\n"),
                            HasSubstr("User-Agent: embedq/test\r\n"), HasSubstr("Accept-Encoding: gzip, deflate\r\n"),
                            HasSubstr("{\"input\":[]}"), Not(HasSubstr("X-Both")), Not(HasSubstr("Expect"))));
}

TEST(Client, ReusesAConnectionAcrossThreads) {
    ScriptedServer server(always(answer("{}")));
    auto client = make();
    for (int i = 0; i < 8; ++i) {
        std::jthread([&] {
            auto response = client->send(post(server.url()));
            ASSERT_TRUE(response.has_value()) << to_string(response.error());
            EXPECT_EQ(response->reused_connection, i > 0);
        });
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST(Client, SendsFromManyThreadsAtOnce) {
    constexpr int threads = 8;
    ScriptedServer server([](Connection& connection) {
        while (true) {
            const std::string request = connection.read_request();
            if (request.empty()) return;
            connection.write(answer(request.substr(request.find("\r\n\r\n") + 4)));
        }
    });
    auto client = make();
    std::vector<std::jthread> senders;
    for (int t = 0; t < threads; ++t) {
        senders.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                const std::string body = std::to_string(t * 1000 + i);
                auto response = client->send(post(server.url(), body));
                ASSERT_TRUE(response.has_value()) << to_string(response.error());
                ASSERT_EQ(response->body, body);
            }
        });
    }
    senders.clear();
    EXPECT_LE(server.connections(), threads);
}

TEST(Client, AStaleConnectionIsReplaced) {
    // The first connection answers once and closes when the second request arrives, like a server whose idle timeout
    // has just expired.
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write(answer("{}"));
        if (connection.number() == 0) connection.read_request();
    });
    auto client = make();
    ASSERT_TRUE(client->send(post(server.url())).has_value());
    auto response = client->send(post(server.url()));
    ASSERT_TRUE(response.has_value()) << to_string(response.error());
    EXPECT_FALSE(response->reused_connection);
    EXPECT_EQ(server.connections(), 2);
}

TEST(Client, AFreshConnectionThatClosesIsNotRetried) {
    ScriptedServer server([](Connection& connection) { connection.read_request(); });
    auto client = make();
    auto response = client->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()), HasSubstr("closed the connection without an answer"));
    EXPECT_EQ(server.connections(), 1);
}

TEST(Client, AReusedConnectionThatBeganToAnswerIsNotTriedAgain) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write(answer("{}"));
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Le");
    });
    auto client = make();
    ASSERT_TRUE(client->send(post(server.url())).has_value());
    auto response = client->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(server.connections(), 1);
}

TEST(Client, AHangingServerIsAbandonedAtTheDeadline) {
    std::promise<void> closed;
    ScriptedServer server([&](Connection& connection) {
        connection.read_request();
        connection.wait_until_closed();
        closed.set_value();
    });
    auto client = make();
    auto request = post(server.url());
    request.deadline = steady_clock::now() + milliseconds(50);
    auto response = client->send(request);
    const auto late = steady_clock::now() - request.deadline;
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()), HasSubstr("deadline"));
    EXPECT_TRUE(response.error().deadline_reached);
    EXPECT_GE(late, milliseconds(0));
    EXPECT_LT(late, prompt);
    EXPECT_EQ(closed.get_future().wait_for(prompt), std::future_status::ready);
}

TEST(Client, ASlowAnswerIsAbandonedAtTheDeadline) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while (connection.write("1")) std::this_thread::yield();
    });
    auto client = make();
    auto request = post(server.url());
    request.deadline = steady_clock::now() + milliseconds(50);
    auto response = client->send(request);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_LT(steady_clock::now() - request.deadline, prompt);
    EXPECT_TRUE(response.error().deadline_reached);
}

// Returns when the thread sleeps, by its state in /proc.
void wait_until_asleep(pid_t thread) {
    std::string state;
    do {
        std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
        std::string number;
        std::string name;
        file >> number >> name >> state;
        std::this_thread::yield();
    } while (state != "S");
}

TEST(Client, AStopRequestClosesTheSocket) {
    std::promise<void> received;
    std::promise<steady_clock::time_point> closed;
    ScriptedServer server([&](Connection& connection) {
        connection.read_request();
        connection.write(answer("{}"));
        connection.read_request();
        received.set_value();
        connection.wait_until_closed();
        closed.set_value(steady_clock::now());
    });
    auto client = make();
    // On an open connection: while connecting, libcurl's own timers would also wake it.
    ASSERT_TRUE(client->send(post(server.url())).has_value());
    std::stop_source stop;
    auto request = post(server.url());
    request.stop = stop.get_token();
    std::promise<pid_t> sender;
    auto response = std::async(std::launch::async, [&] {
        sender.set_value(::gettid());
        return client->send(request);
    });
    received.get_future().wait();
    wait_until_asleep(sender.get_future().get());
    const auto begin = steady_clock::now();
    stop.request_stop();
    auto when = closed.get_future();
    ASSERT_EQ(when.wait_for(prompt), std::future_status::ready);
    // The contract is 100 ms. A machine that is busy with other tests may need longer, but never the 1 s of the polling
    // loop.
    EXPECT_LT(when.get() - begin, milliseconds(500));
    auto result = response.get();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(result.error()), HasSubstr("stopped"));
    EXPECT_FALSE(result.error().deadline_reached);
}

TEST(Client, AStoppedRequestIsNotSent) {
    ScriptedServer server(always(answer("{}")));
    std::stop_source stop;
    stop.request_stop();
    auto request = post(server.url());
    request.stop = stop.get_token();
    auto response = make()->send(request);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
}

TEST(Client, AClientIsUsableAfterADeadline) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        if (connection.number() == 0) return connection.wait_until_closed();
        connection.write(answer("{}"));
    });
    auto client = make();
    auto request = post(server.url());
    request.deadline = steady_clock::now() + milliseconds(20);
    ASSERT_FALSE(client->send(request).has_value());
    EXPECT_TRUE(client->send(post(server.url())).has_value());
}

TEST(Client, FollowsARedirectWithinTheServerWithTheBody) {
    std::promise<std::string> second;
    ScriptedServer server([&](Connection& connection) {
        connection.read_request();
        connection.write(answer("", "308 Permanent Redirect", "Location: /v1/embeddings\r\n"));
        second.set_value(connection.read_request());
        connection.write(answer("{}"));
    });
    auto request = post(server.url("/embeddings"), "the body");
    request.headers = {{"Authorization", "Bearer secret"}};
    auto response = make()->send(request);
    ASSERT_TRUE(response.has_value()) << to_string(response.error());
    EXPECT_THAT(second.get_future().get(), AllOf(StartsWith("POST /v1/embeddings "),
                                                 HasSubstr("Authorization: Bearer secret"), HasSubstr("the body")));
}

TEST(Client, ARedirectToAnotherServerIsRefused) {
    ScriptedServer other(always(answer("{}")));
    ScriptedServer server(always(answer("", "302 Found", "Location: " + other.url("/steal?key=hidden") + "\r\n")));
    auto response = make()->send(post(server.url("/v1?api_key=secret")));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(response.error()), AllOf(HasSubstr("redirects to " + other.url("/steal")),
                                                   Not(HasSubstr("secret")), Not(HasSubstr("hidden"))));
    EXPECT_EQ(other.connections(), 0);
}

TEST(Client, ARedirectLoopEnds) {
    ScriptedServer server(always(answer("", "307 Temporary Redirect", "Location: /again\r\n")));
    auto response = make()->send(post(server.url("/again")));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(response.error()), HasSubstr("more than 5 times"));
}

TEST(Client, NoConnectionIsUnavailableAndNamesTheServerWithoutCredentials) {
    int port = 0;
    {
        ScriptedServer gone(always(""));
        port = gone.port();
    }
    auto response = make()->send(post("http://user:secret@127.0.0.1:" + std::to_string(port) + "/v1?key=secret"));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()),
                HasSubstr("no connection to http://127.0.0.1:" + std::to_string(port) + "/v1"));
    EXPECT_THAT(to_string(response.error()) + response.error().detail, Not(HasSubstr("secret")));
}

TEST(Client, ConnectsToASocketFile) {
    const auto folder = std::filesystem::temp_directory_path() / ("embedq-http-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string path = folder / "server.sock";
    {
        ScriptedServer server(always(answer("{\"unix\":true}")), path);
        auto client = make();
        auto request = post("http://localhost/api/embed");
        request.unix_socket = path;
        auto response = client->send(request);
        ASSERT_TRUE(response.has_value()) << to_string(response.error());
        EXPECT_EQ(response->body, "{\"unix\":true}");
    }
    std::filesystem::remove_all(folder);
}

TEST(Client, UsesTheProxyForAnotherHost) {
    std::promise<std::string> got;
    ScriptedServer proxy([&](Connection& connection) {
        got.set_value(connection.read_request());
        connection.write(answer("{}"));
    });
    auto client = make({.proxy = proxy.url("")});
    ASSERT_TRUE(client->send(post("http://embeddings.invalid/v1")).has_value());
    EXPECT_THAT(got.get_future().get(), StartsWith("POST http://embeddings.invalid/v1 HTTP/1.1"));
}

TEST(Client, AProxyThatRefusesATunnelIsNamedWithoutItsCredentials) {
    ScriptedServer proxy([](Connection& connection) {
        connection.read_request();
        connection.write(answer("", "407 Proxy Authentication Required"));
    });
    auto client = make({.proxy = "http://user:secret@127.0.0.1:" + std::to_string(proxy.port())});
    auto response = client->send(post("https://embeddings.invalid/v1"));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(response.error()), HasSubstr("the proxy refuses a tunnel"));
    EXPECT_THAT(to_string(response.error()) + response.error().detail, Not(HasSubstr("secret")));
}

TEST(Client, OptionsAreChecked) {
    const auto error = [](ClientOptions options) {
        auto client = Client::make(std::move(options));
        return client ? std::string("none")
                      : std::string(to_string(client.error().kind)) + ": " + to_string(client.error());
    };
    EXPECT_THAT(error({.ca_file = "/nowhere/ca.pem"}),
                StartsWith("misconfigured: ca_file is '/nowhere/ca.pem', but there is no such file"));
    EXPECT_THAT(error({.ca_path = "/nowhere"}),
                StartsWith("misconfigured: ca_path is '/nowhere', but there is no such folder"));
    EXPECT_THAT(error({.proxy = "http://"}), StartsWith("misconfigured: proxy is not a URL"));
    EXPECT_THAT(error({.headers = {{"Authorization", "Bearer secret\r\nX: y"}}}),
                AllOf(HasSubstr("line break"), Not(HasSubstr("secret"))));
}

TEST(Client, AUrlOfAnotherProtocolIsRefused) {
    auto response = make()->send(post("file:///etc/passwd"));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::misconfigured);
}

}  // namespace
}  // namespace embedq::http

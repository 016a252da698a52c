// How the client handles answers: complete, cut off, compressed, too long, or not HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "unit/http/client_support.h"

namespace embedq::http {
namespace {

using testing::HasSubstr;

// {"a":1} three times (21 bytes), compressed by gzip and zlib.
constexpr std::string_view gzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabVJT\xb2\x32\xac\xad\x46\xa1\x00\x10\x82\xdc\x0c\x15\x00\x00\x00", 29);
constexpr std::string_view deflate("x\x9c\xabVJT\xb2\x32\xac\xad\x46\xa1\x00\x43&\x06\x19", 17);

// A gzip file with `length` + 1 times the letter x and no checksum: one block of fixed codes (RFC 1951 §3.2.6), in
// which each 13 bits are a match of 258 bytes at distance 1.
std::string gzip_bomb(std::size_t length) {
    std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
    unsigned bits = 0;
    int count = 0;
    const auto put = [&](unsigned value, int size) {  // most significant bit first, as Huffman codes are
        for (int i = size - 1; i >= 0; --i) {
            bits |= ((value >> i) & 1U) << count;
            if (++count == 8) {
                out += static_cast<char>(bits);
                bits = 0;
                count = 0;
            }
        }
    };
    put(0b110, 3);       // the last block, fixed codes
    put(0x30 + 'x', 8);  // the letter
    for (std::size_t made = 0; made < length; made += 258) {
        put(0b11000101, 8);  // length 258
        put(0, 5);           // distance 1
    }
    put(0, 7);  // the block's end
    put(0, 8);
    return out;
}

TEST(Client, AnAnswerCutOffInTheMiddleIsAnError) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[");
    });
    auto response = make()->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()), HasSubstr("cut off after 9 bytes"));
}

TEST(Client, AChunkedAnswerIsJoined) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n");
    });
    auto response = make()->send(post(server.url()));
    ASSERT_TRUE(response.has_value()) << to_string(response.error());
    EXPECT_EQ(response->body, "{\"a\":1}");
}

TEST(Client, AChunkedAnswerCutOffIsAnError) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n");
    });
    auto response = make()->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
}

TEST(Client, AnHttp10AnswerEndsWithTheConnection) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{\"a\":1}");
    });
    auto client = make();
    for (int i = 0; i < 2; ++i) {
        auto response = client->send(post(server.url()));
        ASSERT_TRUE(response.has_value()) << to_string(response.error());
        EXPECT_EQ(response->body, "{\"a\":1}");
        EXPECT_EQ(response->headers.find("Content-Type"), "text/plain");
    }
    EXPECT_EQ(server.connections(), 2);
}

TEST(Client, AServerThatDoesNotSpeakHttpIsNamed) {
    ScriptedServer server([](Connection& connection) { connection.write("-ERR unknown command\r\n"); });
    auto response = make()->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()), HasSubstr("does not speak HTTP"));
}

TEST(Client, AnAnswerOverTheLimitIsRefused) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        const std::string piece(1 << 20, 'x');
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
        for (int i = 0; i < 100 && connection.write(piece); ++i) {
        }
    });
    auto request = post(server.url());
    request.max_response_bytes = 1 << 20;
    auto response = make()->send(request);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::too_large);
    EXPECT_THAT(to_string(response.error()), HasSubstr("longer than 1048576 bytes"));
}

TEST(Client, CompressedAnswersAreDecompressed) {
    for (const auto& [coding, bytes] : {std::pair{"gzip", gzip}, std::pair{"deflate", deflate}}) {
        ScriptedServer server(always(answer(bytes, "200 OK", "Content-Encoding: " + std::string(coding) + "\r\n")));
        auto response = make()->send(post(server.url()));
        ASSERT_TRUE(response.has_value()) << coding << ": " << to_string(response.error());
        EXPECT_EQ(response->body, "{\"a\":1}{\"a\":1}{\"a\":1}") << coding;
    }
}

TEST(Client, TheLimitAppliesToTheDecompressedAnswer) {
    const std::string bomb = gzip_bomb(std::size_t{100} << 20);
    ASSERT_LT(bomb.size(), std::size_t{1} << 20);
    ScriptedServer server(always(answer(bomb, "200 OK", "Content-Encoding: gzip\r\n")));
    auto request = post(server.url());
    request.max_response_bytes = std::size_t{1} << 20;
    auto response = make()->send(request);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::too_large);
}

TEST(Client, AnAnswerThatCannotBeDecompressedIsAnError) {
    ScriptedServer server(always(answer("this is not gzip", "200 OK", "Content-Encoding: gzip\r\n")));
    auto response = make()->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()), HasSubstr("cannot be decompressed"));
}

TEST(Client, EndlessHeadersAreRefused) {
    ScriptedServer server([](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n");
        while (connection.write("X-Header: " + std::string(1000, 'x') + "\r\n")) {
        }
    });
    auto response = make()->send(post(server.url()));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(response.error()), HasSubstr("bytes of headers"));
}

TEST(Client, OnBodyReceivesThePiecesAsTheyArrive) {
    std::promise<void> first_seen;
    ScriptedServer server([&](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\none\n");
        first_seen.get_future().wait();
        connection.write("two\n");
    });
    std::vector<std::string> pieces;
    auto request = post(server.url());
    request.on_body = [&](std::string_view piece) {
        pieces.emplace_back(piece);
        if (pieces.size() == 1) first_seen.set_value();
    };
    auto response = make()->send(request);
    ASSERT_TRUE(response.has_value()) << to_string(response.error());
    EXPECT_THAT(pieces, testing::ElementsAre("one\n", "two\n"));
    EXPECT_EQ(response->body, "");
}

TEST(Client, AnExceptionOfOnBodyIsRethrown) {
    ScriptedServer server(always(answer("{}")));
    auto request = post(server.url());
    request.on_body = [](std::string_view) { throw std::runtime_error("disk full"); };
    auto client = make();
    EXPECT_THROW((void)client->send(request), std::runtime_error);
}

// OpenSSL writes without MSG_NOSIGNAL. If requests did not block SIGPIPE, it would end this process.
TEST(Client, ASigpipeWithinARequestIsHarmless) {
    ScriptedServer server(always(answer("{}")));
    auto request = post(server.url());
    request.on_body = [](std::string_view) { ::raise(SIGPIPE); };
    EXPECT_TRUE(make()->send(request).has_value());
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
}

}  // namespace
}  // namespace embedq::http

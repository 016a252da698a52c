#include "wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <iterator>

namespace protocol_server {
namespace {

constexpr std::size_t huge_size = 100'000'000;

const char* reason(int status) {
    switch (status) {
        case 200: return "OK";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 404: return "Not Found";
        case 413: return "Payload Too Large";
        case 422: return "Unprocessable Entity";
        case 429: return "Too Many Requests";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        default: return "Scripted";
    }
}

void append_little(std::string& to, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 255U);
}

// gzip with stored blocks, which every client must support and which cost nothing to make (RFC 1951, 3.2.4).
std::string gzip(const std::string& body) {
    constexpr std::size_t largest = 65535;
    std::string packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
    std::size_t at = 0;
    do {
        const auto size = static_cast<std::uint32_t>(std::min(largest, body.size() - at));
        packed += at + size == body.size() ? '\1' : '\0';
        append_little(packed, size, 2);
        append_little(packed, ~size, 2);
        packed.append(body, at, size);
        at += size;
    } while (at < body.size());
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    append_little(packed, crc.checksum(), 4);
    append_little(packed, static_cast<std::uint32_t>(body.size()), 4);
    return packed;
}

std::string chunked(const std::string& body, std::size_t piece) {
    std::string packed;
    packed.reserve(body.size() + body.size() / piece * 10 + 16);
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::size_t size = std::min(piece, body.size() - at);
        fmt::format_to(std::back_inserter(packed), "{:x}\r\n", size);
        packed.append(body, at, size);
        packed += "\r\n";
    }
    return packed += "0\r\n\r\n";
}

}  // namespace

Wire on_the_wire(Reply& reply, bool keep_alive) {
    const FaultAction action = reply.transport ? reply.transport->action : FaultAction::error;
    const std::size_t bytes = reply.transport ? reply.transport->bytes : 0;
    Wire wire{.body = std::move(reply.body), .keep_alive = keep_alive && action != FaultAction::http_1_0};
    std::string length;
    if (action == FaultAction::huge) {
        // White space after the opening brace, so that a reader has to read it.
        wire.body.insert(std::min<std::size_t>(1, wire.body.size()), bytes > 0 ? bytes : huge_size, ' ');
    } else if (action == FaultAction::gzip) {
        wire.body = gzip(wire.body);
        reply.headers.emplace_back("Content-Encoding", "gzip");
    }
    if (action == FaultAction::chunked) {
        wire.body = chunked(wire.body, bytes > 0 ? bytes : 1000);
        reply.headers.emplace_back("Transfer-Encoding", "chunked");
    } else if (action != FaultAction::http_1_0) {
        length = fmt::format("Content-Length: {}\r\n", wire.body.size());
    }
    wire.head = fmt::format("HTTP/{} {} {}\r\nContent-Type: {}\r\n{}", action == FaultAction::http_1_0 ? "1.0" : "1.1",
                            reply.status, reason(reply.status), reply.content_type, length);
    for (const auto& [name, value] : reply.headers)
        fmt::format_to(std::back_inserter(wire.head), "{}: {}\r\n", name, value);
    if (!wire.keep_alive && action != FaultAction::http_1_0) wire.head += "Connection: close\r\n";
    wire.head += "\r\n";
    return wire;
}

}  // namespace protocol_server

// The requests that a server received.
//
// Thread-safety: none; the server guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace protocol_server {

// One embedding request.
struct CallRecord {
    std::int64_t at = 0;      // microseconds of the machine's monotonic clock
    std::int64_t waited = 0;  // microseconds in the queue
    std::int64_t until = 0;   // when the first byte of the answer was sent; 0: not yet, or never
    std::string route;
    std::string model;
    std::size_t inputs = 0;
    std::size_t tokens = 0;
    int status = 0;     // 0: not sent yet, or never
    std::string fault;  // the scripted fault that happened
    std::uint64_t connection = 0;
    std::vector<std::string> texts;  // only with `keep_texts`
};

struct Tally {
    std::vector<CallRecord> calls;
    std::size_t other_requests = 0;  // discovery: /api/show and others
    std::vector<std::string> other_routes;
    std::size_t in_flight = 0;  // calls: queued or served
    std::size_t max_in_flight = 0;
    std::size_t serving = 0;
    std::size_t max_serving = 0;
    std::size_t abandoned = 0;  // calls whose client disconnected before the answer
    std::size_t connections = 0;
    bool authorization_seen = false;

    [[nodiscard]] std::size_t inputs() const;
    [[nodiscard]] std::size_t refused() const;  // calls with another status than 200
    // The most calls, or answers with status 200, in any window of that many microseconds.
    [[nodiscard]] std::size_t most_within(std::int64_t window, bool served) const;
    // The answer to GET /control/calls.
    [[nodiscard]] std::string json() const;
};

}  // namespace protocol_server

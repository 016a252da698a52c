// How long a server asks to wait: from its headers, then from the body, then from rate limits that are used up.
//
// Thread-safety: functions without state.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "http/client.h"
#include "http/error_body.h"

namespace embedq::http {

using Wall = std::chrono::sys_time<std::chrono::microseconds>;

// From, in this order: `retry-after-ms`; `Retry-After` in seconds (also fractions) or as an HTTP date, counted from
// `now`; a field of the body; "try again in 41.724s", "wait 6 seconds", "replenished in 23:13:46" in its message;
// `x-ratelimit-reset-*` where `x-ratelimit-remaining-*` is 0, as a Go duration ("6m0s"), seconds, or seconds or
// milliseconds since 1970, or `RateLimit` ("api";r=0;t=55), in the headers and then in the body. At most a day; nothing
// when none of them gives a time above zero.
[[nodiscard]] std::optional<std::chrono::milliseconds> requested_wait(const Headers& headers, const ErrorBody& body,
                                                                      Wall now);

// A number of milliseconds, rounded up to one and down to a day; nothing where it is not above zero.
[[nodiscard]] std::optional<std::chrono::milliseconds> bounded_wait(double milliseconds);

// "1m30.5s", "12ms", "6m0s", "1h2m3s", also "55 seconds" and a bare number of seconds. Nothing for anything else.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_wait(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7, the form that is sent today).
[[nodiscard]] std::optional<Wall> parse_http_date(std::string_view text);

}  // namespace embedq::http

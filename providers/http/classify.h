// Turns an answer that is not a success into an error of the contract. The body is read before the status, because
// servers report a text that is too long as a 500, a spent quota as a 429 and a request that is too large as a 400.
//
// Thread-safety: functions without state of their own.
#pragma once

#include <string>
#include <string_view>

#include "http/client.h"
#include "http/redact.h"
#include "http/waits.h"

namespace embedq::http {

// What was sent, for the error's message and hint. Everything here may be shown.
struct Call {
    std::string where;                    // shown(url)
    std::string model = {};               // its name on the server
    std::string missing_model_hint = {};  // "run `ollama pull NAME`"; empty: a general hint
    std::string missing_path_hint = {};   // added to the general hint where the server does not have the path
    std::string credentials_hint = {};    // "check the option api_key"; empty: a general hint
};

// The error that `response` means. `limits` holds the limits that the server stated, `retry_after` (with throttled and
// unavailable) the wait that it asked for, counted from `now`; `detail` the type, code and request id it gave. None of
// them contains a value of `secrets`.
//
//   misconfigured  quota spent · key or region refused · model or path missing · an option that the model does not take
//                  or requires · vectors that are not pooled
//   too_large      too many texts · too many tokens or bytes in all · 413
//   invalid_input  one text too long or refused · any other 400 or 422 · 446 · 498
//   throttled      429 · 503 · 529 · "overloaded" with any status (these three whatever the body says, except for a
//                  spent quota, and for too many tokens in all with 429)
//   unavailable    408 · 409 · 424 · 425 · 499 · other 5xx · the model crashed, or did not load ·
//                  anything with `x-should-retry: true` that no rule covers
//                  408, 504, 524, 598 and a 5xx that says so, after more than a second, set `deadline_reached`: a
//                  gateway did not wait for the answer, and a smaller request may be answered in time
//   misconfigured  401 · 402 · 403 · 404 · 405 · 407 · 410 · other 4xx · 3xx
[[nodiscard]] Error classify(const Response& response, const Call& call, const Secrets& secrets, Wall now);

// True when the server refused to send vectors as base64. The request may be sent again, for numbers. Not for an answer
// with vectors.
[[nodiscard]] bool refuses_base64(const Response& response);

}  // namespace embedq::http

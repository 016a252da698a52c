// From an answer that is no success to an error of the contract: the body is asked before the status, because servers
// dress a text that is too long as a 500, a spent quota as a 429 and a request that is too large as a 400.
//
// Thread-safety: functions without state of their own.
#pragma once

#include <string>
#include <string_view>

#include "http/client.h"
#include "http/redact.h"
#include "http/waits.h"

namespace embedq::http {

// What was asked, for the sentence that the error is. Everything here may be shown.
struct Call {
    std::string where;                    // shown(url)
    std::string model = {};               // as the server knows it
    std::string missing_model_hint = {};  // "run `ollama pull NAME`"; empty: a general hint
    std::string missing_path_hint = {};   // said behind the general hint where the server has no such path
    std::string credentials_hint = {};    // "check the option api_key"; empty: a general hint
};

// The error that `response` means. `limits` holds what the server said of its limits, `retry_after` (with throttled and
// unavailable) how long it asks to be left alone, seen from `now`; `detail` the type, code and request id it gave.
// Nothing of `secrets` is in any of them.
//
//   misconfigured  quota spent · key or place refused · model or route missing · an option that the model does not take
//   too_large      too many texts · too many tokens or bytes in all · 413
//   invalid_input  one text too long or refused · any other 400 or 422
//   throttled      429 · 503 · 529 · "overloaded" with whatever status (these three whatever their body says, but for a
//                  spent quota, and for too many tokens in all with 429)
//   unavailable    408 · 409 · 424 · 425 · 499 · other 5xx · anything with `x-should-retry: true` that no rule knows
//   misconfigured  401 · 402 · 403 · 404 · 405 · 407 · 410 · other 4xx · 3xx
[[nodiscard]] Error classify(const Response& response, const Call& call, const Secrets& secrets, Wall now);

// True when the server refused base64 for its vectors, so that it may be asked again for numbers.
[[nodiscard]] bool refuses_base64(const Response& response);

}  // namespace embedq::http

// Reads the body of an error answer, in the shapes that embedding servers use. The tables in error_body.cpp list them.
//
// Thread-safety: functions without state.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"

namespace embedq::http {

struct ErrorBody {
    std::string message;  // for people; the title of an HTML page; the text itself when it is neither JSON nor HTML
    std::string type;
    std::string code;  // also when it is a number
    std::string param;
    std::size_t context = 0;                          // llama.cpp's n_ctx: tokens that one text may have; 0: not given
    std::optional<std::chrono::milliseconds> wait{};  // how long to wait, where a field of the body says so
    Headers headers = {};                             // of another server, which a gateway repeats in the body
    bool is_html = false;
    bool tells_error = false;  // by its fields, this is not the answer to a successful request
};

// Reads at most the first 64 KiB.
[[nodiscard]] ErrorBody read_error_body(std::string_view body);

[[nodiscard]] bool looks_like_html(std::string_view body);

}  // namespace embedq::http

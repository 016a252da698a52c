// Reads the body of an error answer, in the shapes that embedding servers use.
//
// Thread-safety: functions without state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embedq::http {

struct ErrorBody {
    std::string message;  // for people; the title of an HTML page; the text itself when it is neither JSON nor HTML
    std::string type;
    std::string code;  // also when it is a number
    std::string param;
    std::size_t context = 0;  // llama.cpp's n_ctx: tokens that one text may have; 0 when it is not given
    bool is_json = false;
    bool is_html = false;
};

// {"error":{message,type,code,param}}, {"error":"…"}, {"error":"…","error_type":"…"}, {"object":"error","message",…},
// {"message","type", "code"}, {"detail":"…"}, {"detail":[{"msg","loc"}]}, an HTML page, a text, or nothing. Reads at
// most the first 64 KiB.
[[nodiscard]] ErrorBody read_error_body(std::string_view body);

[[nodiscard]] bool looks_like_html(std::string_view body);

}  // namespace embedq::http

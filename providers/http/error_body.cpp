#include "http/error_body.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace embedq::http {
namespace {

using simdjson::dom::element;

constexpr std::size_t max_body_bytes = std::size_t{64} << 10;

// A text, or a number or a boolean as written; empty for anything else.
std::string scalar(const element& value) {
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
    if (value.is_number() || value.is_bool()) return simdjson::minify(value);
    return {};
}

// The same for a member, which may be absent.
std::string scalar_at(const element& object, const char* key) {
    element value;
    return object[key].get(value) == simdjson::SUCCESS ? scalar(value) : std::string();
}

// FastAPI's list of problems with a request: "body.input: too long; …".
std::string validation_message(const simdjson::dom::array& details) {
    std::string message;
    for (const element detail : details) {
        if (!message.empty()) message += "; ";
        std::string where;
        simdjson::dom::array location;
        if (detail["loc"].get(location) == simdjson::SUCCESS) {
            for (const element part : location) {
                if (!where.empty()) where += '.';
                where += scalar(part);
            }
        }
        if (!where.empty()) message += where + ": ";
        message += detail.is_object() ? scalar_at(detail, "msg") : scalar(detail);
    }
    return message;
}

// `message`, `detail` and `error` may be a text, an object with a text in it, or a list.
std::string message_in(const element& value) {
    if (simdjson::dom::array list; value.get(list) == simdjson::SUCCESS) return validation_message(list);
    if (!value.is_object()) return scalar(value);
    for (const char* key : {"message", "detail", "msg", "error"}) {
        if (element inner; value[key].get(inner) == simdjson::SUCCESS) {
            if (std::string text = message_in(inner); !text.empty()) return text;
        }
    }
    return {};
}

void read_object(const element& object, ErrorBody& body) {
    const auto take = [&](const char* key, std::string& into) {
        if (into.empty()) into = scalar_at(object, key);
    };
    body.message = message_in(object);
    take("type", body.type);
    take("error_type", body.type);
    take("code", body.code);
    take("status", body.type);  // Google
    take("param", body.param);
    std::uint64_t context = 0;
    if (object["n_ctx"].get(context) == simdjson::SUCCESS) body.context = context;
}

std::string html_title(std::string_view page) {
    std::string lower(page);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto begin = lower.find("<title>");
    const auto end = lower.find("</title>");
    if (begin == std::string::npos || end == std::string::npos || end < begin + 7) return "an HTML page";
    return "an HTML page, \"" + std::string(page.substr(begin + 7, end - begin - 7)) + "\"";
}

}  // namespace

bool looks_like_html(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '<';
}

ErrorBody read_error_body(std::string_view text) {
    ErrorBody body;
    text = text.substr(0, max_body_bytes);
    if (looks_like_html(text)) {
        body.is_html = true;
        body.message = html_title(text);
        return body;
    }
    simdjson::dom::parser parser;
    element document;
    if (parser.parse(text.data(), text.size()).get(document) != simdjson::SUCCESS) {
        body.message = std::string(text);
        return body;
    }
    body.is_json = true;
    // Google sends a list with one object.
    if (simdjson::dom::array list; document.get(list) == simdjson::SUCCESS && list.size() > 0)
        document = list.at(0).value();
    if (!document.is_object()) {
        body.message = scalar(document);
        return body;
    }
    if (element error; document["error"].get(error) == simdjson::SUCCESS && error.is_object()) read_object(error, body);
    ErrorBody outer;
    read_object(document, outer);
    if (body.message.empty()) body.message = outer.message;
    if (body.type.empty() && outer.type != "error") body.type = outer.type;
    if (body.code.empty()) body.code = outer.code;
    if (body.param.empty()) body.param = outer.param;
    if (body.context == 0) body.context = outer.context;
    return body;
}

}  // namespace embedq::http

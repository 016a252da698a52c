#include "http/error_body.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

#include "http/waits.h"

namespace embedq::http {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t max_body_bytes = std::size_t{64} << 10;
constexpr std::size_t max_message_bytes = 4096;  // of several messages in one; more are not shown
constexpr int max_depth = 6;  // of objects in objects; the deepest that a server is known to send is four

// --- the shapes: where servers put what an error says. Each comment names servers that do.

// Objects, or lists of them, that hold the error.
constexpr std::array wrappers = {
    "error",      // OpenAI and most others; Ollama and TEI: a text
    "errors",     // watsonx, Cloudflare: a list; ASP.NET: texts by field
    "detail",     // FastAPI (Voyage, Jina, vLLM's proxies): a text, an object or a list of problems
    "message",    // Mistral: {"message": {"detail": […]}}
    "base_resp",  // MiniMax, with status 200: {"status_code": 1002, "status_msg": "rate limit"}
    "fault",      // Apigee: {"fault": {"faultstring": "…"}}
};

// Texts for people, the best first.
constexpr std::array messages = {
    "message",            // OpenAI, Azure, Google, AWS
    "detail",             // FastAPI; RFC 9457
    "msg",                // FastAPI's problems; NVIDIA
    "error_description",  // OAuth 2, which Azure's tokens come from
    "error",              // Ollama, TEI's own paths, Hugging Face
    "error_msg",          // Baidu: {"error_code": 18, "error_msg": "Open api qps request limit reached"}
    "error_message",      // several gateways
    "errorMessage",       // AWS Lambda
    "status_msg",         // MiniMax
    "faultstring",        // Apigee
    "Message",            // AWS, where a gateway refuses
    "title",              // RFC 9457, without a detail
    "actionReason",       // WSO2's gateway, in an object "message"
};

// Numbers or names for programs.
constexpr std::array codes = {
    "code",         // OpenAI and most others
    "error_code",   // Baidu, Databricks
    "errorCode",    // several gateways
    "errorcode",    // Apigee
    "http_code",    // ModelScope
    "status_code",  // MiniMax, watsonx
};

constexpr std::array types = {
    "type",        // OpenAI
    "error_type",  // TEI's own paths
    "__type",      // AWS: "ThrottlingException"
};

// How long to wait, in this many milliseconds, or as a text with a unit.
struct WaitField {
    std::string_view name;
    double unit;
};
constexpr std::array waits = {
    WaitField{"retryDelay", 1e3},         // Google's RetryInfo: "34.07s"
    WaitField{"estimated_time", 1e3},     // Hugging Face, while a model is loading: 20.0
    WaitField{"retry_after", 1e3},        // Cloudflare's JSON errors: 30
    WaitField{"resets_in_seconds", 1e3},  // OpenAI: the type usage_limit_reached
    WaitField{"retryAfter", 1e3},        WaitField{"retry_after_seconds", 1e3}, WaitField{"retryAfterSeconds", 1e3},
    WaitField{"retry_after_ms", 1.0},    WaitField{"retryAfterMs", 1.0},
};

// --- reading them

// A text, or a number or a boolean as written; empty for anything else.
std::string scalar(const element& value) {
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
    if (value.is_number() || value.is_bool()) return simdjson::minify(value);
    return {};
}

// The same for a member, which may be absent.
std::string scalar_at(const element& parent, std::string_view key) {
    element value;
    return parent[key].get(value) == simdjson::SUCCESS ? scalar(value) : std::string();
}

template <std::size_t n>
std::string first_scalar(const element& parent, const std::array<const char*, n>& keys) {
    for (const char* key : keys) {
        if (std::string text = scalar_at(parent, key); !text.empty()) return text;
    }
    return {};
}

void append(std::string& text, const std::string& more, std::string_view separator) {
    if (more.empty() || text.size() > max_message_bytes || text.contains(more)) return;
    text += (text.empty() ? "" : std::string(separator)) + more;
}

std::string message_in(const element& value, int depth);

// FastAPI's list of problems with a request: "body.input: too long; …". Other lists are of texts or of errors.
std::string list_message(const simdjson::dom::array& list, int depth) {
    std::string message;
    for (const element entry : list) {
        std::string where;
        simdjson::dom::array location;
        if (entry["loc"].get(location) == simdjson::SUCCESS) {
            for (const element part : location) append(where, scalar(part), ".");
        }
        const std::string what = message_in(entry, depth + 1);
        append(message, where.empty() ? what : where + ": " + what, "; ");
    }
    return message;
}

// Texts by the name of a field: {"input": ["is required"]}.
std::string fields_message(const object& fields, int depth) {
    std::string message;
    for (const auto& [name, value] : fields) {
        const std::string what = message_in(value, depth + 1);
        if (!what.empty()) append(message, std::string(name) + ": " + what, "; ");
    }
    return message;
}

std::string message_in(const element& value, int depth) {
    if (depth > max_depth) return {};
    if (simdjson::dom::array list; value.get(list) == simdjson::SUCCESS) return list_message(list, depth);
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
    std::string message;
    for (const char* key : messages) {
        element inner;
        if (value[key].get(inner) == simdjson::SUCCESS) message = message_in(inner, depth + 1);
        if (!message.empty()) break;
    }
    if (element several; value["errors"].get(several) == simdjson::SUCCESS) {
        object fields;
        append(
            message,
            several.get(fields) == simdjson::SUCCESS ? fields_message(fields, depth) : message_in(several, depth + 1),
            ": ");
    }
    return message;
}

void read_wait(const element& parent, ErrorBody& body) {
    for (const auto& [name, unit] : waits) {
        if (body.wait) return;
        element value;
        if (parent[name].get(value) != simdjson::SUCCESS) continue;
        if (double number = 0; value.get(number) == simdjson::SUCCESS) {
            body.wait = bounded_wait(number * unit);
        } else if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
            const auto wait = parse_wait(text);
            if (wait && wait->count() > 0) body.wait = wait;
        }
    }
}

// What has a place of its own wherever it is: waits, and the headers that OpenRouter repeats as metadata.
void read_anywhere(const element& value, ErrorBody& body, int depth) {
    if (depth > max_depth) return;
    if (simdjson::dom::array list; value.get(list) == simdjson::SUCCESS) {
        for (const element entry : list) read_anywhere(entry, body, depth + 1);
        return;
    }
    object members;
    if (value.get(members) != simdjson::SUCCESS) return;
    read_wait(value, body);
    for (const auto& [name, inner] : members) {
        object headers;
        if (name == "headers" && inner.get(headers) == simdjson::SUCCESS) {
            for (const auto& [header, text] : headers) body.headers.add(std::string(header), scalar(text));
        } else {
            read_anywhere(inner, body, depth + 1);
        }
    }
}

// The error that an upstream server sent, which OpenRouter repeats as a text: {"metadata": {"raw": "{\"error\": …}"}}.
void read_upstream(const element& error, ErrorBody& body) {
    element metadata;
    if (error["metadata"].get(metadata) != simdjson::SUCCESS) return;
    const std::string raw = scalar_at(metadata, "raw");
    if (raw.empty()) return;
    const ErrorBody upstream = read_error_body(raw);
    append(body.message, upstream.message, ": ");
    if (body.type.empty()) body.type = upstream.code.empty() ? upstream.type : upstream.code;
    if (body.param.empty()) body.param = upstream.param;
    if (body.context == 0) body.context = upstream.context;
    if (!body.wait) body.wait = upstream.wait;
}

void read_names(const element& parent, ErrorBody& body) {
    if (body.type.empty()) body.type = first_scalar(parent, types);
    if (body.code.empty()) body.code = first_scalar(parent, codes);
    if (body.param.empty()) body.param = scalar_at(parent, "param");
    // Google: a name; RFC 9457: the number of the status.
    element status;
    if (parent["status"].get(status) == simdjson::SUCCESS) {
        std::string& into = status.is_number() ? body.code : body.type;
        if (into.empty()) into = scalar(status);
    }
    std::uint64_t context = 0;
    if (body.context == 0 && parent["n_ctx"].get(context) == simdjson::SUCCESS) body.context = context;
}

// The innermost names are the most precise. A wrapper that holds a text is read as a message.
void read_object(const element& parent, ErrorBody& body, int depth) {
    if (depth > max_depth) return;
    for (const char* wrapper : wrappers) {
        element held;
        if (parent[wrapper].get(held) != simdjson::SUCCESS) continue;
        element inner = held;
        if (simdjson::dom::array list; held.get(list) == simdjson::SUCCESS && list.size() > 0)
            inner = list.at(0).value();
        if (!inner.is_object()) continue;
        if (body.message.empty()) body.message = message_in(held, depth);
        read_object(inner, body, depth + 1);
    }
    read_upstream(parent, body);
    read_names(parent, body);
}

bool has(const element& parent, const char* key) {
    element value;
    return parent[key].get(value) == simdjson::SUCCESS && !value.is_null();
}

bool tells_error(const element& answer, const ErrorBody& body) {
    bool success = true;
    if (answer["success"].get(success) == simdjson::SUCCESS && !success) return true;
    if (std::string_view what; answer["object"].get(what) == simdjson::SUCCESS && what == "error") return true;
    if (has(answer, "error") || has(answer, "error_msg") || has(answer, "error_code")) return true;
    if (simdjson::dom::array list; answer["errors"].get(list) == simdjson::SUCCESS) return list.size() > 0;
    if (has(answer, "base_resp")) return !body.code.empty() && body.code != "0";
    const bool vectors = has(answer, "data") || has(answer, "embeddings") || has(answer, "embedding");
    return !vectors && !body.message.empty();
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
    // Google sends a list with one object.
    if (simdjson::dom::array list; document.get(list) == simdjson::SUCCESS && list.size() > 0)
        document = list.at(0).value();
    if (!document.is_object()) {
        body.message = scalar(document);
        return body;
    }
    read_anywhere(document, body, 0);
    read_object(document, body, 0);
    if (const std::string outer = message_in(document, 0); body.message.empty()) body.message = outer;
    if (body.type == "error") body.type.clear();
    body.tells_error = tells_error(document, body);
    // A shape that is not known yet is better shown as it is than not at all.
    if (body.message.empty() && object(document).size() > 0) body.message = simdjson::minify(document);
    return body;
}

}  // namespace embedq::http

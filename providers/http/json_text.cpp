#include "http/json_text.h"

#include <simdjson.h>

namespace embedq::http {

void append_json_string(std::string& out, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out += text.substr(written, i - written);
        written = i + 1;
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\t': out += "\\t"; break;
            default:
                out += "\\u00";
                out += digits[c >> 4];
                out += digits[c & 15];
        }
    }
    out += text.substr(written);
    out += '"';
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

void append_json_strings(std::string& out, std::span<const std::string_view> texts, std::string_view prefix) {
    // Quotes and a comma for each, and some reserve for escapes.
    std::size_t bytes = 0;
    for (const std::string_view text : texts) bytes += text.size() + prefix.size() + 3;
    out.reserve(out.size() + bytes + bytes / 16 + 16);
    std::string prefixed;
    char separator = '[';
    for (std::string_view text : texts) {
        out += separator;
        if (!prefix.empty()) text = prefixed.assign(prefix).append(text);
        append_json_string(out, text);
        separator = ',';
    }
    out += texts.empty() ? "[]" : "]";
}

std::string json_value(std::string_view text) {
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    if (parser.parse(text.data(), text.size()).get(value) == simdjson::SUCCESS) return simdjson::minify(value);
    return json_string(text);
}

}  // namespace embedq::http

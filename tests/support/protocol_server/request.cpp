#include "request.h"

#include <simdjson.h>

#include <array>
#include <utility>

namespace protocol_server {
namespace {

using simdjson::dom::element;

// Reads the body's text field; returns the problem with it, or an empty text.
std::string read_input(const element& input, EmbeddingRequest& request) {
    std::string_view text;
    if (input.get(text) == simdjson::SUCCESS) {
        request.single = true;
        request.nothing = text.empty();
        request.texts.emplace_back(text);
        return {};
    }
    if (input.is_null()) {
        request.nothing = true;
        return {};
    }
    simdjson::dom::array list;
    if (input.get(list) != simdjson::SUCCESS) return "invalid input type";
    for (const element one : list) {
        if (one.get(text) != simdjson::SUCCESS) return "invalid input type";
        request.texts.emplace_back(text);
    }
    request.nothing = request.texts.empty();
    return {};
}

// Gemini's list: each text is a request of its own, with the same fields.
std::string read_requests(const element& requests, EmbeddingRequest& request) {
    simdjson::dom::array list;
    if (requests.get(list) != simdjson::SUCCESS) return "Invalid value at 'requests'";
    for (const element one : list) {
        std::string text;
        simdjson::dom::array parts;
        if (one["content"]["parts"].get(parts) != simdjson::SUCCESS) return "content is required";
        for (const element part : parts) {
            std::string_view piece;
            if (part["text"].get(piece) != simdjson::SUCCESS) return "Invalid value at 'content'";
            text += piece;
        }
        request.texts.push_back(std::move(text));
        std::uint64_t number = 0;
        if (one["outputDimensionality"].get(number) == simdjson::SUCCESS) request.dimensions = number;
    }
    request.nothing = request.texts.empty();
    return {};
}

}  // namespace

ReadRequest read_embedding_request(const std::string& body, std::string_view input_field) {
    ReadRequest read;
    if (body.empty()) {
        read.problem = "missing request body";
        return read;
    }
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(body).get(object) != simdjson::SUCCESS) {
        read.problem = "the request body is not a JSON object";
        return read;
    }
    EmbeddingRequest& request = read.request;
    request.nothing = true;
    for (const auto& [name, value] : object) {
        request.fields.emplace_back(name);
        std::string_view text;
        std::uint64_t number = 0;
        bool truth = false;
        if (name == "model" && value.get(text) == simdjson::SUCCESS) request.model = text;
        if (name == input_field) {
            request.nothing = false;
            read.problem = input_field == "requests" ? read_requests(value, request) : read_input(value, request);
            if (!read.problem.empty()) return read;
        }
        const bool dimensions = name == "dimensions" || name == "output_dimension" || name == "output_dimensionality";
        if (dimensions && value.get(number) == simdjson::SUCCESS) request.dimensions = number;
        const bool encoding = name == "encoding_format" || name == "embedding_type";
        if (encoding && value.get(text) == simdjson::SUCCESS) request.base64 = text == "base64";
        if ((name == "truncate" || name == "truncation") && value.get(truth) == simdjson::SUCCESS)
            request.truncate = truth;
    }
    return read;
}

std::string text_member(const std::string& body, std::string_view name) {
    simdjson::dom::parser parser;
    std::string_view text;
    if (parser.parse(body)[name].get(text) != simdjson::SUCCESS) return {};
    return std::string(text);
}

std::optional<bool> truth_member(const std::string& body, std::string_view name) {
    simdjson::dom::parser parser;
    bool truth = false;
    if (parser.parse(body)[name].get(truth) != simdjson::SUCCESS) return std::nullopt;
    return truth;
}

std::string json_text(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string json = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (code < 0x20) {
            json += "\\u00";
            json += hex[code >> 4U];
            json += hex[code & 15U];
        } else {
            json += c;
        }
    }
    return json += '"';
}

}  // namespace protocol_server

// Requests: the HTTP request, and the JSON of an embedding request.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protocol_server {

struct HttpRequest {
    std::string method;
    std::string path;   // without the query
    std::string query;  // without '?'
    std::string authorization;
    std::string api_key;  // the header `api-key`, or `x-goog-api-key`
    std::string body;
    std::uint64_t connection = 0;  // counted from 1 on each server
    bool keep_alive = true;
};

struct EmbeddingRequest {
    std::string model;
    std::vector<std::string> texts;
    bool single = false;   // `input` was a text, not a list
    bool nothing = false;  // `input` was "", [], null or absent
    std::optional<std::size_t> dimensions;
    bool base64 = false;
    bool truncate = true;
    std::vector<std::string> fields;  // the names of all members of the object
};

struct ReadRequest {
    EmbeddingRequest request;
    std::string problem;  // with the body; empty: none
};
// Reads the texts from the member `input_field` ("input", "prompt", or Gemini's "requests").
[[nodiscard]] ReadRequest read_embedding_request(const std::string& body, std::string_view input_field);

// The member of a JSON object that is a text or a boolean; empty where there is none.
[[nodiscard]] std::string text_member(const std::string& body, std::string_view name);
[[nodiscard]] std::optional<bool> truth_member(const std::string& body, std::string_view name);

// `text` as a JSON string with its quotes.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace protocol_server

// Requests as the protocols have them: what was asked over HTTP, and what an embedding request's JSON says.
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
    std::string query;  // what stands behind '?'
    std::string authorization;
    std::string api_key;  // the header `api-key`
    std::string body;
    std::uint64_t connection = 0;  // the connections of a server count from 1
    bool keep_alive = true;
};

struct EmbeddingRequest {
    std::string model;
    std::vector<std::string> texts;
    bool single = false;   // `input` was a text, no list
    bool nothing = false;  // `input` was "", [], null or not there
    std::optional<std::size_t> dimensions;
    bool base64 = false;
    bool truncate = true;
    std::vector<std::string> fields;  // the names of all members of the object
};

// Reads the texts from the member `input_field` ("input", "prompt"). On an error gives what is wrong with the body.
struct ReadRequest {
    EmbeddingRequest request;
    std::string fault;  // empty: none
};
[[nodiscard]] ReadRequest read_embedding_request(const std::string& body, std::string_view input_field);

// A member of a JSON object that is a text or truth; empty where there is none.
[[nodiscard]] std::string text_member(const std::string& body, std::string_view name);
[[nodiscard]] std::optional<bool> truth_member(const std::string& body, std::string_view name);

// With quotes.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace protocol_server

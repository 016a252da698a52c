// The presets of the option `dialect`: the differences between servers that speak OpenAI's protocol. Most members can
// also be set by an option of their own.
//
// Thread-safety: constant data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace embedq::openai {

enum class Encoding : std::uint8_t { floats, base64, omit };

// The shape of a request's body.
enum class Body : std::uint8_t {
    openai,  // {"model": …, "input": ["…"]}
    gemini,  // {"requests": [{"model": …, "content": {"parts": [{"text": "…"}]}}]}
};

// Where a server reports what it serves, other than by an embedding.
enum class Discovery : std::uint8_t { none, models, tei_info };

struct Dialect {
    std::string_view name;
    std::string_view base_url = {};         // empty: must be configured
    std::string_view path = "/embeddings";  // "{model}" in it stands for the model
    Body body = Body::openai;
    std::string_view auth_header = "Authorization";
    std::string_view auth_scheme = "Bearer";
    std::string_view api_version = {};  // the query parameter api-version
    bool send_model = true;
    std::string_view dimensions_field = "dimensions";  // empty: the server has none
    Encoding encoding = Encoding::floats;
    std::string_view encoding_field = "encoding_format";  // empty: the server knows numbers only
    std::string_view float_value = "float";               // empty: the field is left out to get numbers
    std::size_t concurrency = 4;                          // requests at a time per endpoint
    // 0: no limit known.
    std::size_t max_inputs = 0;
    std::size_t max_text_tokens = 0;
    std::size_t max_request_tokens = 0;
    std::size_t max_request_bytes = 0;
    std::string_view input_type_field = {};
    std::string_view document_input_type = {};
    std::string_view query_input_type = {};
    std::string_view truncate_field = {};
    // As JSON; empty: the field is left out.
    std::string_view truncate_on = "true";
    std::string_view truncate_off = "false";
    Discovery discovery = Discovery::none;
};

[[nodiscard]] std::span<const Dialect> dialects();

// The row with this name; nullptr when there is none.
[[nodiscard]] const Dialect* find_dialect(std::string_view name);

}  // namespace embedq::openai

// The table of options of the plugin `openai`.
//
// Thread-safety: constant data.
#pragma once

#include <array>

#include "http/options.h"

namespace embedq::openai {

inline constexpr std::array own_rows = {
    OptionSpec{
        .name = "dialect",
        .type = OptionType::text,
        .default_value = "openai",
        .help = "Preset for a kind of server or service. It sets the defaults of the options below that have a default "
                "by dialect.",
        .choices =
            "openai|azure|vllm|tei|llama_cpp|mistral|voyage|jina|cohere|together|dashscope|gemini|litellm|generic"},
    OptionSpec{
        .name = "base_url",
        .type = OptionType::text,
        .help = "The part of the address before the path: https://HOST/v1, or unix:///PATH/TO/SOCKET:/v1. Default by "
                "dialect."},
    http::shared_row(
        "endpoints",
        {.help = "Instead of base_url, several servers that have the same model. Each is an endpoint with limits of "
                 "its own.",
         .optional = true}),
    http::shared_row("model",
                     {.help = "The model's name on the server. Required, except for tei, which reports its model.",
                      .optional = true}),
    http::shared_row("api_key"),
    http::shared_row("dimensions"),
    OptionSpec{.name = "truncate_dimensions",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let embedq cut vectors to `dimensions` and normalise them, for a model that was trained for it "
                       "(Matryoshka) on a server that does not do it."},
    OptionSpec{.name = "encoding_format",
               .type = OptionType::text,
               .default_value = "auto",
               .help = "The form in which vectors are requested; either form is accepted. auto: by dialect. A server "
                       "that refuses base64, or answers it without vectors, is asked for numbers from then on.",
               .choices = "auto|float|base64|omit"},
    http::shared_row("document_prefix"),
    http::shared_row("query_prefix"),
    OptionSpec{
        .name = "document_input_type", .type = OptionType::text, .help = "Sent with documents. Default by dialect."},
    OptionSpec{.name = "query_input_type", .type = OptionType::text, .help = "Sent with queries. Default by dialect."},
    OptionSpec{.name = "truncate",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let the server cut texts that are too long, where the dialect has a field for it. Default: it "
                       "refuses them, and embedq cuts them and records that."},
    OptionSpec{.name = "user", .type = OptionType::text, .help = "OpenAI's field `user`."},
    http::shared_row("headers"),
    OptionSpec{.name = "query",
               .type = OptionType::text_map,
               .help = "Parameters of the URL. Default by dialect (azure: api-version). `config show` shows them, so "
                       "put keys in headers."},
    OptionSpec{
        .name = "extra_body",
        .type = OptionType::text_map,
        .help = "Further fields of each request; a value that is JSON (true, 7, [1]) or nested is sent as JSON. "
                "`config show` shows them, so put keys in headers. Fields that are named like a key are not published "
                "to other processes."},
    http::shared_row("max_inputs",
                     {.help = "Texts per request; 0: no limit known. Default by dialect.", .optional = true}),
    OptionSpec{.name = "max_text_tokens",
               .type = OptionType::integer,
               .help = "Tokens of one text; 0: no limit known. Default by dialect, or as the server reports.",
               .minimum = 0,
               .maximum = 1e9},
    OptionSpec{.name = "max_request_tokens",
               .type = OptionType::integer,
               .help = "Tokens of all texts of a request; 0: no limit known. Default by dialect.",
               .minimum = 0,
               .maximum = 1e9},
    OptionSpec{.name = "max_request_bytes",
               .type = OptionType::size,
               .help = "Bytes of all texts of a request; 0: no limit known. Default by dialect.",
               .minimum = 0},
    http::shared_row("concurrency",
                     {.help = "The most requests at a time to each endpoint. Default by dialect.", .optional = true}),
    OptionSpec{.name = "path",
               .type = OptionType::text,
               .help = "Appended to base_url; {model} in it stands for the model. Default by dialect: /embeddings."},
    OptionSpec{
        .name = "auth_header",
        .type = OptionType::text,
        .help = "The header of api_key. Default by dialect: Authorization; azure: api-key; gemini: x-goog-api-key."},
    OptionSpec{.name = "auth_scheme",
               .type = OptionType::text,
               .help = "The word before api_key in the header. Default by dialect: Bearer; azure and gemini: "
                       "nothing."},
    OptionSpec{.name = "send_model",
               .type = OptionType::boolean,
               .help = "Whether requests name the model. Default by dialect."},
    OptionSpec{.name = "dimensions_field",
               .type = OptionType::text,
               .help = "The field for `dimensions`; empty: the server has none. Default by dialect."},
    OptionSpec{
        .name = "encoding_field", .type = OptionType::text, .help = "The field for the encoding. Default by dialect."},
    OptionSpec{.name = "input_type_field",
               .type = OptionType::text,
               .help = "The field for the input type. Default by dialect."},
    OptionSpec{.name = "model_digest",
               .type = OptionType::text,
               .help = "Distinguishes models that have the same name, where the server cannot. With another value, new "
                       "vectors are made."},
};

inline constexpr auto option_table = http::table_of<own_rows>;

}  // namespace embedq::openai

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
        .help = "Preset of the server's or service's kind; every option below that has a default by dialect can be set "
                "by itself.",
        .choices = "openai|azure|vllm|tei|llama_cpp|mistral|voyage|jina|cohere|together|dashscope|litellm|generic"},
    OptionSpec{
        .name = "base_url",
        .type = OptionType::text,
        .help = "What stands before the path: https://HOST/v1, or unix:///PATH/TO/SOCKET:/v1. Default by dialect."},
    http::shared_row(
        "endpoints",
        {.help = "In place of base_url, several servers of one and the same model, each a endpoint of its own.",
         .optional = true}),
    http::shared_row(
        "model", {.help = "As the server knows it. Required, but for tei, which says what it has.", .optional = true}),
    http::shared_row("api_key"),
    http::shared_row("dimensions"),
    OptionSpec{.name = "truncate_dimensions",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Cut vectors to `dimensions` here and normalise them, for a model that was trained for it "
                       "(Matryoshka) on a server that "
                       "does not do it."},
    OptionSpec{.name = "encoding_format",
               .type = OptionType::text,
               .default_value = "auto",
               .help = "How vectors are asked for; what comes is taken in either form. auto: by dialect. A server that "
                       "refuses base64 is asked "
                       "for numbers from then on.",
               .choices = "auto|float|base64|omit"},
    http::shared_row("document_prefix"),
    http::shared_row("query_prefix"),
    OptionSpec{
        .name = "document_input_type", .type = OptionType::text, .help = "Sent with documents. Default by dialect."},
    OptionSpec{.name = "query_input_type", .type = OptionType::text, .help = "Sent with queries. Default by dialect."},
    OptionSpec{.name = "truncate",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let the server cut texts that are too long, where the dialect has a field for it. Default: "
                       "they are refused, then cut "
                       "here, and that is recorded."},
    OptionSpec{.name = "user", .type = OptionType::text, .help = "OpenAI's field `user`."},
    http::shared_row("headers"),
    OptionSpec{.name = "query",
               .type = OptionType::text_map,
               .help = "Parameters of the URL. Default by dialect (azure: api-version). Shown by `config show`, so "
                       "keys belong in headers."},
    OptionSpec{.name = "extra_body",
               .type = OptionType::text_map,
               .help = "Further fields of each request; a value that is JSON (true, 7, [1]) is sent as such. Shown, so "
                       "keys belong in "
                       "headers; what is named like a key is not told to other processes."},
    http::shared_row("max_inputs",
                     {.help = "Texts per request; 0: no limit known. Default by dialect.", .optional = true}),
    OptionSpec{.name = "max_text_tokens",
               .type = OptionType::integer,
               .help = "Tokens of one text; 0: no limit known. Default by dialect, or as the server says.",
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
                     {.help = "Requests at a time to each endpoint, at most. Default by dialect.", .optional = true}),
    OptionSpec{
        .name = "path", .type = OptionType::text, .help = "Put behind base_url. Default by dialect: /embeddings."},
    OptionSpec{.name = "auth_header",
               .type = OptionType::text,
               .help = "Where api_key is sent. Default by dialect: Authorization; azure: api-key."},
    OptionSpec{.name = "auth_scheme",
               .type = OptionType::text,
               .help = "What stands before api_key in the header. Default by dialect: Bearer; azure: nothing."},
    OptionSpec{.name = "send_model",
               .type = OptionType::boolean,
               .help = "Whether requests name the model. Default by dialect."},
    OptionSpec{.name = "dimensions_field",
               .type = OptionType::text,
               .help = "The field that asks for `dimensions`; empty: the server has none. Default by dialect."},
    OptionSpec{.name = "encoding_field",
               .type = OptionType::text,
               .help = "The field that asks for the encoding. Default by dialect."},
    OptionSpec{.name = "input_type_field",
               .type = OptionType::text,
               .help = "The field that holds the input type. Default by dialect."},
    OptionSpec{
        .name = "model_digest",
        .type = OptionType::text,
        .help = "Tells this model from others of its name where the server cannot: a change of it begins new vectors."},
};

inline constexpr auto option_table = http::table_of<own_rows>;

}  // namespace embedq::openai

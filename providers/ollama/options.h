// The table of options of the plugin `ollama`.
//
// Thread-safety: constant data.
#pragma once

#include <array>

#include "http/options.h"

namespace embedq::ollama {

inline constexpr std::array own_rows = {
    http::shared_row("endpoints",
                     {.help = "Servers of one and the same model, each a endpoint of its own: http://HOST:11434, or "
                              "unix:///PATH/TO/SOCKET. The "
                              "first that answers decides which model it is; one with another digest is not used.",
                      .default_value = "http://127.0.0.1:11434"}),
    http::shared_row("model", {.help = "As `ollama list` names it."}),
    OptionSpec{.name = "truncate",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let the server cut texts that are longer than the model's context, without a word. Default: "
                       "they are refused, then "
                       "cut here, and that is recorded."},
    OptionSpec{.name = "keep_alive",
               .type = OptionType::text,
               .help = "How long the server keeps the model loaded after a request: 5m, 24h, or -1 for ever. Default: "
                       "the server's."},
    OptionSpec{.name = "options",
               .type = OptionType::text_map,
               .help = "The model's parameters, as a Modelfile has them: { num_ctx: 8192, num_gpu: 1 }."},
    http::shared_row("dimensions"),
    OptionSpec{
        .name = "pull",
        .type = OptionType::boolean,
        .default_value = "false",
        .help =
            "Let a server that does not have the model fetch it, which may take long; the log tells how far it is."},
    OptionSpec{
        .name = "warm_up",
        .type = OptionType::boolean,
        .default_value = "false",
        .help = "Load the model when the server is asked what it has, so that the first request need not wait for it."},
    OptionSpec{.name = "any_model",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Take a model that the server does not say is for embeddings."},
    http::shared_row("document_prefix"),
    http::shared_row("query_prefix"),
    http::shared_row("max_inputs", {.help = "Texts per request; 0: no limit, since the server has none."}),
    http::shared_row(
        "concurrency",
        {.help = "Requests at a time to each endpoint, at most. The server embeds one text after another whatever "
                 "OLLAMA_NUM_PARALLEL says: the second request is there when the first is done.",
         .default_value = "2"}),
    http::shared_row("timeout",
                     {.help = "A request that has no answer by then is given up. Loading a large model counts."}),
    http::shared_row("api_key", {.help = "Sent as a bearer token, for a proxy in front of the server."}),
};

inline constexpr auto option_table = http::table_of<own_rows>;

}  // namespace embedq::ollama

// The table of options of the plugin `ollama`.
//
// Thread-safety: constant data.
#pragma once

#include <array>

#include "http/options.h"

namespace embedq::ollama {

inline constexpr std::array own_rows = {
    http::shared_row("endpoints",
                     {.help = "Servers that have the same model: http://HOST:11434, or unix:///PATH/TO/SOCKET. Each is "
                              "an endpoint with limits of its own. The first that answers decides which model it is; "
                              "one with another digest is not used.",
                      .default_value = "http://127.0.0.1:11434"}),
    http::shared_row("model", {.help = "The model's name in `ollama list`."}),
    OptionSpec{.name = "truncate",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let the server silently cut texts that are longer than the model's context. Default: it "
                       "refuses them, and embedq cuts them and records that."},
    OptionSpec{.name = "keep_alive",
               .type = OptionType::text,
               .help = "How long the server keeps the model loaded after a request: 5m, 24h, or -1 forever. Default: "
                       "the server's."},
    OptionSpec{.name = "options",
               .type = OptionType::text_map,
               .help = "The model's parameters, as in a Modelfile: { num_ctx: 8192, num_gpu: 1 }; nested values are "
                       "sent as JSON."},
    http::shared_row("dimensions"),
    OptionSpec{
        .name = "pull",
        .type = OptionType::boolean,
        .default_value = "false",
        .help = "Let a server that does not have the model pull it, which may take long. The log shows the progress."},
    OptionSpec{.name = "warm_up",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Load the model at the start, so that the first request does not wait for it."},
    OptionSpec{.name = "any_model",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Accept a model that the server does not report as an embedding model."},
    http::shared_row("document_prefix"),
    http::shared_row("query_prefix"),
    http::shared_row("max_inputs", {.help = "Texts per request; 0: no limit, since the server has none."}),
    http::shared_row(
        "concurrency",
        {.help = "The most requests at a time to each endpoint. The server embeds one text after another, whatever "
                 "OLLAMA_NUM_PARALLEL is: a second request only saves the wait between two.",
         .default_value = "2"}),
    http::shared_row("timeout", {.help = "How long a request may take, including the loading of a large model."}),
    http::shared_row("api_key", {.help = "Sent as a bearer token, for a proxy in front of the server."}),
};

inline constexpr auto option_table = http::table_of<own_rows>;

}  // namespace embedq::ollama

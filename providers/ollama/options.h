// The table of options of the plugin `ollama`.
//
// Thread-safety: constant data.
#pragma once

#include <array>

#include "embedq/options.h"

namespace embedq::ollama {

inline constexpr std::array option_table = {
    OptionSpec{.name = "endpoints",
               .type = OptionType::text_list,
               .default_value = "http://127.0.0.1:11434",
               .help = "Servers of one and the same model, each a lane of its own: http://HOST:11434, or unix:///PATH/TO/SOCKET. The first "
                       "that answers decides which model it is; one with another digest is not used."},
    OptionSpec{.name = "model", .type = OptionType::text, .help = "As `ollama list` names it.", .required = true},
    OptionSpec{.name = "truncate",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let the server cut texts that are longer than the model's context, without a word. Default: they are refused, then "
                       "cut here, and that is recorded."},
    OptionSpec{.name = "keep_alive",
               .type = OptionType::text,
               .help = "How long the server keeps the model loaded after a request: 5m, 24h, or -1 for ever. Default: the server's."},
    OptionSpec{.name = "options",
               .type = OptionType::text_map,
               .help = "The model's parameters, as a Modelfile has them: { num_ctx: 8192, num_gpu: 1 }."},
    OptionSpec{.name = "dimensions",
               .type = OptionType::integer,
               .help = "Numbers per vector, for models that can make fewer than they have. Default: as the model has them.",
               .minimum = 1,
               .maximum = 65536},
    OptionSpec{.name = "pull",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Let a server that does not have the model fetch it, which may take long; the log tells how far it is."},
    OptionSpec{.name = "warm_up",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Load the model when the server is asked what it has, so that the first request need not wait for it."},
    OptionSpec{.name = "any_model",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Take a model that the server does not say is for embeddings."},
    OptionSpec{.name = "document_prefix", .type = OptionType::text, .default_value = "", .help = "Put before every document text."},
    OptionSpec{.name = "query_prefix", .type = OptionType::text, .default_value = "", .help = "Put before every query text."},
    OptionSpec{.name = "max_inputs",
               .type = OptionType::integer,
               .default_value = "0",
               .help = "Texts per request; 0: no limit, since the server has none.",
               .minimum = 0,
               .maximum = 1e6},
    OptionSpec{.name = "concurrency",
               .type = OptionType::integer,
               .default_value = "2",
               .help = "Requests at a time to each endpoint, at most. The server embeds one text after another whatever "
                       "OLLAMA_NUM_PARALLEL says: the second request is there when the first is done.",
               .minimum = 1,
               .maximum = 1024},
    OptionSpec{.name = "timeout",
               .type = OptionType::duration,
               .default_value = "5m",
               .help = "A request that has no answer by then is given up. Loading a large model counts.",
               .minimum = 1,
               .maximum = 86400e3},
    OptionSpec{.name = "max_response_bytes",
               .type = OptionType::size,
               .default_value = "256MiB",
               .help = "An answer that is longer, after decompression, is refused.",
               .minimum = 1024},
    OptionSpec{
        .name = "api_key", .type = OptionType::text, .help = "Sent as a bearer token, for a proxy in front of the server.", .secret = true},
    OptionSpec{.name = "headers", .type = OptionType::text_map, .help = "Sent with each request; values may be secrets.", .secret = true},
    OptionSpec{.name = "proxy",
               .type = OptionType::text,
               .help = "http://HOST:PORT, https://…, socks5h://…; none: go direct. Default: as https_proxy, http_proxy and no_proxy say.",
               .secret = true},
    OptionSpec{.name = "ca_file",
               .type = OptionType::path,
               .help = "PEM file of the authorities whose servers are trusted, in place of the system's."},
    OptionSpec{.name = "verify_tls",
               .type = OptionType::boolean,
               .default_value = "true",
               .help = "false takes any certificate, and so anyone in between; name the authority in ca_file instead."},
};

}  // namespace embedq::ollama

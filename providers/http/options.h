// The options that all providers over HTTP have, as rows of their tables. http/settings.h reads them.
//
//   inline constexpr std::array own_rows = {
//       shared_row("endpoints", {.default_value = "http://127.0.0.1:8080"}), OptionSpec{…}};
//   inline constexpr auto option_table = http::table_of<own_rows>;
//
// Thread-safety: constant data.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "embedq/options.h"

namespace embedq::http {

inline constexpr std::array shared_rows = {
    OptionSpec{.name = "endpoints",
               .type = OptionType::text_list,
               .help =
                   "Servers of one and the same model, each a endpoint of its own: http://HOST:PORT, https://HOST, or "
                   "unix:///PATH/TO/SOCKET.",
               .required = true},
    OptionSpec{.name = "model", .type = OptionType::text, .help = "As the server knows it.", .required = true},
    OptionSpec{
        .name = "dimensions",
        .type = OptionType::integer,
        .help = "Numbers per vector, for models that can make fewer than they have. Default: as the model has them.",
        .minimum = 1,
        .maximum = 65536},
    OptionSpec{.name = "document_prefix",
               .type = OptionType::text,
               .default_value = "",
               .help = "Put before every document text."},
    OptionSpec{
        .name = "query_prefix", .type = OptionType::text, .default_value = "", .help = "Put before every query text."},
    OptionSpec{.name = "max_inputs",
               .type = OptionType::integer,
               .default_value = "0",
               .help = "Texts per request; 0: no limit known.",
               .minimum = 0,
               .maximum = 1e6},
    OptionSpec{.name = "concurrency",
               .type = OptionType::integer,
               .default_value = "4",
               .help = "Requests at a time to each endpoint, at most.",
               .minimum = 1,
               .maximum = 1024},
    OptionSpec{.name = "timeout",
               .type = OptionType::duration,
               .default_value = "5m",
               .help = "A request that has no answer by then is given up.",
               .minimum = 1,
               .maximum = 86400e3},
    OptionSpec{.name = "max_response_bytes",
               .type = OptionType::size,
               .default_value = "256MiB",
               .help = "An answer that is longer, after decompression, is refused.",
               .minimum = 1024},
    OptionSpec{
        .name = "api_key", .type = OptionType::text, .help = "Sent with each request, if it is given.", .secret = true},
    OptionSpec{.name = "headers",
               .type = OptionType::text_map,
               .help = "Sent with each request; values may be secrets.",
               .secret = true},
    // It may hold a password.
    OptionSpec{.name = "proxy",
               .type = OptionType::text,
               .help = "http://HOST:PORT, https://…, socks5h://…; none: go direct. Default: as https_proxy, http_proxy "
                       "and no_proxy say.",
               .secret = true},
    OptionSpec{.name = "ca_file",
               .type = OptionType::path,
               .help = "PEM file of the authorities whose servers are trusted, in place of the system's."},
    OptionSpec{.name = "verify_tls",
               .type = OptionType::boolean,
               .default_value = "true",
               .help = "false takes any certificate, and so anyone in between; name the authority in ca_file instead."},
};

// What a provider says of an option otherwise than the shared row.
struct Otherwise {
    const char* help = nullptr;           // nullptr: the row's
    const char* default_value = nullptr;  // nullptr: the row's; a row with a default is not required
    // Neither required nor with a default: the provider itself knows what to do without it.
    bool optional = false;
};

// The shared row of the name, for a place of its own in a table or with other words. A name that is not shared does not
// compile.
consteval OptionSpec shared_row(std::string_view name, Otherwise otherwise = {}) {
    for (OptionSpec row : shared_rows) {
        if (row.name != name) continue;
        if (otherwise.help != nullptr) row.help = otherwise.help;
        if (otherwise.default_value != nullptr) row.default_value = otherwise.default_value;
        if (otherwise.optional) row.default_value = nullptr;
        if (otherwise.optional || row.default_value != nullptr) row.required = false;
        return row;
    }
    throw "no shared row has this name";
}

// Internal to table_of: how many shared rows `own` has in their place.
template <std::size_t n>
consteval std::size_t count_replaced(const std::array<OptionSpec, n>& own) {
    std::size_t count = 0;
    for (const OptionSpec& row : own) {
        for (const OptionSpec& shared : shared_rows) {
            if (std::string_view(row.name) != shared.name) continue;
            if (row.type != shared.type)
                throw "a row of a shared name has another type than the one it is read as; begin with shared_row()";
            if (shared.secret && !row.secret)
                throw "a row of a shared name shows what is a secret; begin with shared_row()";
            ++count;
        }
    }
    return count;
}

// Internal to table_of.
template <const auto& own>
consteval auto make_table() {
    std::array<OptionSpec, own.size() + shared_rows.size() - count_replaced(own)> table{};
    std::size_t end = 0;
    for (const OptionSpec& row : own) table[end++] = row;
    for (const OptionSpec& shared : shared_rows) {
        bool replaced = false;
        for (const OptionSpec& row : own) replaced = replaced || std::string_view(row.name) == shared.name;
        if (!replaced) table[end++] = shared;
    }
    return table;
}

// A provider's whole table: `own` (a constexpr std::array of OptionSpec), then every shared row that is not in it by
// name.
template <const auto& own>
inline constexpr auto table_of = make_table<own>();

}  // namespace embedq::http

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
                   "Servers that have the same model: http://HOST:PORT, https://HOST, or unix:///PATH/TO/SOCKET. Each "
                   "is an endpoint with limits of its own.",
               .required = true},
    OptionSpec{.name = "model", .type = OptionType::text, .help = "The model's name on the server.", .required = true},
    OptionSpec{.name = "dimensions",
               .type = OptionType::integer,
               .help = "Numbers per vector, for models that can shorten their vectors. Default: the model's own.",
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
               .help = "The most requests at a time to each endpoint.",
               .minimum = 1,
               .maximum = 1024},
    OptionSpec{.name = "timeout",
               .type = OptionType::duration,
               .default_value = "5m",
               .help = "How long a request may take.",
               .minimum = 1,
               .maximum = 86400e3},
    OptionSpec{.name = "max_response_bytes",
               .type = OptionType::size,
               .default_value = "256MiB",
               .help = "The longest answer that is accepted, after decompression.",
               .minimum = 1024},
    OptionSpec{
        .name = "api_key", .type = OptionType::text, .help = "Sent with each request, if given.", .secret = true},
    OptionSpec{.name = "headers",
               .type = OptionType::text_map,
               .help = "Sent with each request; values may be secrets.",
               .secret = true},
    // It may hold a password.
    OptionSpec{.name = "proxy",
               .type = OptionType::text,
               .help = "http://HOST:PORT, https://…, socks5h://…, or none to connect directly. Default: taken from "
                       "https_proxy, http_proxy and no_proxy.",
               .secret = true},
    OptionSpec{.name = "ca_file",
               .type = OptionType::path,
               .help = "PEM file of trusted certificate authorities, which replace the system's."},
    OptionSpec{.name = "client_cert",
               .type = OptionType::path,
               .help = "PEM file of the certificate with which this client identifies itself, followed by those of its "
                       "authorities, if any."},
    OptionSpec{.name = "client_key",
               .type = OptionType::path,
               .help = "PEM file of the key of client_cert. Default: the same file."},
    OptionSpec{.name = "client_key_password",
               .type = OptionType::text,
               .help = "Decrypts client_key, if it is encrypted.",
               .secret = true},
    OptionSpec{
        .name = "verify_tls",
        .type = OptionType::boolean,
        .default_value = "true",
        .help = "false accepts any certificate, and so anyone in between. Name the authority in ca_file instead."},
};

// Where a provider's row differs from the shared row.
struct RowOverrides {
    const char* help = nullptr;           // nullptr: the shared row's
    const char* default_value = nullptr;  // nullptr: the shared row's; a row with a default is not required
    // Neither required nor with a default: the provider knows what to do without a value.
    bool optional = false;
};

// The shared row with this name, to give it another position in the table or another help text. A name that is not
// shared does not compile.
consteval OptionSpec shared_row(std::string_view name, RowOverrides overrides = {}) {
    for (OptionSpec row : shared_rows) {
        if (row.name != name) continue;
        if (overrides.help != nullptr) row.help = overrides.help;
        if (overrides.default_value != nullptr) row.default_value = overrides.default_value;
        if (overrides.optional) row.default_value = nullptr;
        if (overrides.optional || row.default_value != nullptr) row.required = false;
        return row;
    }
    throw "no shared row has this name";
}

// Internal to table_of: how many shared rows `own` replaces.
template <std::size_t n>
consteval std::size_t count_replaced(const std::array<OptionSpec, n>& own) {
    std::size_t count = 0;
    for (const OptionSpec& row : own) {
        for (const OptionSpec& shared : shared_rows) {
            if (std::string_view(row.name) != shared.name) continue;
            if (row.type != shared.type)
                throw "a row with a shared name has another type than it is read as; start from shared_row()";
            if (shared.secret && !row.secret)
                throw "a row with a shared name is not marked as secret; start from shared_row()";
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

// A provider's whole table: `own` (a constexpr std::array of OptionSpec), then the shared rows whose name is not in it.
template <const auto& own>
inline constexpr auto table_of = make_table<own>();

}  // namespace embedq::http

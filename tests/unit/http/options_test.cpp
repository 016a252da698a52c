// The shared rows, and the tables that providers make from them.
#include "http/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

namespace embedq::http {
namespace {

using testing::ElementsAre;

inline constexpr std::array few_rows = {
    OptionSpec{.name = "own", .type = OptionType::boolean, .help = "Its own."},
    shared_row("timeout", {.help = "Long.", .default_value = "1h"}),
    shared_row("model", {.optional = true}),
};
inline constexpr auto few_table = table_of<few_rows>;

template <std::size_t n>
std::vector<std::string> names_of(const std::array<OptionSpec, n>& table) {
    std::vector<std::string> names;
    names.reserve(n);
    for (const OptionSpec& row : table) names.emplace_back(row.name);
    return names;
}

TEST(OptionTable, HasItsOwnRowsThenEachOtherSharedRowOnce) {
    EXPECT_THAT(names_of(few_table),
                ElementsAre("own", "timeout", "model", "endpoints", "dimensions", "document_prefix", "query_prefix",
                            "max_inputs", "concurrency", "max_response_bytes", "api_key", "headers", "proxy", "ca_file",
                            "client_cert", "client_key", "client_key_password", "verify_tls"));
}

TEST(OptionTable, ARowIsTheSharedOneExceptForItsOverrides) {
    const OptionSpec& timeout = few_table[1];
    EXPECT_STREQ(timeout.help, "Long.");
    EXPECT_STREQ(timeout.default_value, "1h");
    EXPECT_EQ(timeout.type, OptionType::duration);
    EXPECT_EQ(timeout.maximum, 86400e3);
    const OptionSpec& model = few_table[2];
    EXPECT_FALSE(model.required);
    EXPECT_STREQ(model.help, "The model's name on the server.");
    EXPECT_TRUE(few_table[3].required);
    // A row with a default is not required, and an optional row has no default.
    EXPECT_FALSE(shared_row("endpoints", {.default_value = "http://a"}).required);
    EXPECT_EQ(shared_row("concurrency", {.optional = true}).default_value, nullptr);
}

TEST(OptionTable, OptionsThatMayHoldAKeyAreSecret) {
    for (const char* name : {"api_key", "headers", "proxy", "client_key_password"}) {
        EXPECT_TRUE(std::ranges::any_of(few_table, [&](const OptionSpec& row) {
            return row.secret && std::string_view(row.name) == name;
        })) << name;
    }
}

// --- what does not compile

struct Name {
    char text[32] = {};
    consteval Name(const char* name) {
        std::copy_n(name, std::char_traits<char>::length(name), text);
    }  // NOLINT(google-explicit-constructor)
};
template <Name name>
concept Shared = requires { typename std::bool_constant<shared_row(name.text).name != nullptr>; };
template <const auto& own>
concept Table = requires { typename std::bool_constant<count_replaced(own) != 0>; };

inline constexpr std::array other_type = {OptionSpec{.name = "timeout", .type = OptionType::text}};
inline constexpr std::array shown_key = {OptionSpec{.name = "api_key", .type = OptionType::text}};

static_assert(Shared<"timeout"> && !Shared<"time_out">);
static_assert(Table<few_rows> && !Table<other_type> && !Table<shown_key>);

}  // namespace
}  // namespace embedq::http

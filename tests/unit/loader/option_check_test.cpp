#include "loader/option_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace embedq::plugins {
namespace {

using ::testing::HasSubstr;

std::string refusal(const OptionSpec& row) {
    const auto checked = check_option_table(std::span(&row, 1));
    return checked ? "" : to_string(checked.error());
}

TEST(OptionTable, ValidRowsPass) {
    const std::vector<OptionSpec> rows = {
        {.name = "a", .type = OptionType::boolean, .default_value = "true"},
        {.name = "b", .type = OptionType::integer, .default_value = "-3", .minimum = -5},
        {.name = "c", .type = OptionType::number, .default_value = "0.5", .minimum = 0, .maximum = 1},
        {.name = "d", .type = OptionType::text, .default_value = "never", .choices = "always|never"},
        {.name = "e", .type = OptionType::duration, .default_value = "250ms", .minimum = 250, .maximum = 250},
        {.name = "f", .type = OptionType::duration, .default_value = "14d"},
        {.name = "g", .type = OptionType::size, .default_value = "64KiB", .minimum = 65536, .maximum = 65536},
        {.name = "h", .type = OptionType::size, .default_value = "4096"},
        {.name = "i", .type = OptionType::path, .required = true},
        {.name = "j", .type = OptionType::text_list, .default_value = "[]"},
        {.name = "k", .type = OptionType::text_map, .default_value = "{}"},
        {.name = "l", .type = OptionType::text, .default_value = ""},
    };
    const auto checked = check_option_table(rows);
    EXPECT_TRUE(checked) << to_string(checked.error());
    EXPECT_TRUE(check_option_table({}));
}

TEST(OptionTable, DuplicatesAreNamed) {
    const std::array rows = {OptionSpec{.name = "url", .type = OptionType::text},
                             OptionSpec{.name = "url", .type = OptionType::text}};
    const auto checked = check_option_table(rows);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(to_string(checked.error()), "option 'url' is in the option table more than once");
}

TEST(OptionTable, FaultsNameTheirRow) {
    EXPECT_THAT(refusal({.name = nullptr, .type = OptionType::text}),
                HasSubstr("row 1 of the option table has no name"));
    EXPECT_THAT(refusal({.name = "Url", .type = OptionType::text}),
                HasSubstr("'Url' has a name that is not of the form"));
    EXPECT_THAT(refusal({.name = "a", .type = static_cast<OptionType>(77)}), HasSubstr("unknown type 77"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::text, .help = nullptr}), HasSubstr("no help text"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::text, .default_value = "x", .required = true}),
                HasSubstr("required and has a default"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::integer, .minimum = 2, .maximum = 1}),
                HasSubstr("the minimum 2 above the maximum 1"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::integer, .choices = "1|2"}),
                HasSubstr("choices, but is not a text"));
}

TEST(OptionTable, DefaultsMustSatisfyTheirRow) {
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::boolean, .default_value = "yes"}),
                HasSubstr("'yes', but must have true or false"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::integer, .default_value = "1.5"}),
                HasSubstr("a whole number"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::number, .default_value = "x"}), HasSubstr("a number"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::duration, .default_value = "5 parsecs"}),
                HasSubstr("a duration such as"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::duration, .default_value = "s"}),
                HasSubstr("a duration such as"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::duration, .default_value = "2s", .maximum = 1999}),
                HasSubstr("above its own maximum 1999"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::size, .default_value = "1KB"}), HasSubstr("a size such as"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::size, .default_value = "1", .minimum = 2}),
                HasSubstr("below its own minimum 2"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::text, .default_value = "c", .choices = "a|b"}),
                HasSubstr("not one of its choices a|b"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::path, .default_value = ""}), HasSubstr("a path"));
    EXPECT_THAT(refusal({.name = "a", .type = OptionType::text_map, .default_value = "x"}), HasSubstr("a mapping"));
}

}  // namespace
}  // namespace embedq::plugins

// One option at a time: every type, its bounds, and the way back to text.
#include <gmock/gmock.h>

#include <array>

#include <limits>

#include "config/text.h"
#include "embedq/support/nearest.h"
#include "fakes.h"

namespace embedq::config::testing {
namespace {

using namespace std::chrono_literals;
using List = std::vector<std::string>;
using Map = std::map<std::string, std::string>;

OptionSpec of(OptionType type) {
    return {.name = "x", .type = type};
}

template <class T>
std::optional<T> read(OptionType type, std::string_view text) {
    const auto value = parse_option(of(type), text);
    return value ? std::optional<T>(std::get<T>(*value)) : std::nullopt;
}

TEST(Durations, HaveUnits) {
    const auto duration = [](std::string_view text) {
        return read<std::chrono::milliseconds>(OptionType::duration, text);
    };
    EXPECT_EQ(duration("250ms"), 250ms);
    EXPECT_EQ(duration("20s"), 20s);
    EXPECT_EQ(duration("5m"), 5min);
    EXPECT_EQ(duration("1h"), 1h);
    EXPECT_EQ(duration("14d"), 336h);
    EXPECT_EQ(duration("0"), 0ms);
    EXPECT_EQ(duration("0s"), 0ms);
    EXPECT_EQ(duration("36500d"), 876000h);
    for (const char* wrong : {"", "s", "20", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "1h30m", "5S", "5sec", "1w",
                              "36501d", "9223372036854775807d", "99999999999999999999s", "0x10s"}) {
        EXPECT_EQ(duration(wrong), std::nullopt) << wrong;
    }
}

TEST(Sizes, AreBytesOrHaveBinaryUnits) {
    const auto size = [](std::string_view text) { return read<std::int64_t>(OptionType::size, text); };
    EXPECT_EQ(size("0"), 0);
    EXPECT_EQ(size("4096"), 4096);
    EXPECT_EQ(size("7B"), 7);
    EXPECT_EQ(size("64KiB"), 65536);
    EXPECT_EQ(size("10MiB"), 10485760);
    EXPECT_EQ(size("1GiB"), 1073741824);
    for (const char* wrong : {"", "-1", "1.5MiB", "10MB", "10M", "10mib", "10 MiB", "99999999999GiB", "KiB"})
        EXPECT_EQ(size(wrong), std::nullopt) << wrong;
}

TEST(Numbers, AreWholeTexts) {
    EXPECT_EQ(read<std::int64_t>(OptionType::integer, "-9223372036854775808"),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(read<double>(OptionType::number, "1e-3"), 0.001);
    EXPECT_EQ(read<double>(OptionType::number, "-2"), -2.0);
    for (const char* wrong : {"", "1.0", "9223372036854775808", "0x10", "1_000", " 1", "1 ", "+1"}) {
        EXPECT_EQ(read<std::int64_t>(OptionType::integer, wrong), std::nullopt) << wrong;
    }
    for (const char* wrong : {"", "nan", "inf", "-inf", "1e999", "1,5", "0x1p3z"})
        EXPECT_EQ(read<double>(OptionType::number, wrong), std::nullopt) << wrong;
    EXPECT_EQ(read<bool>(OptionType::boolean, "true"), true);
    EXPECT_EQ(read<bool>(OptionType::boolean, "false"), false);
    for (const char* wrong : {"", "True", "yes", "1"})
        EXPECT_EQ(read<bool>(OptionType::boolean, wrong), std::nullopt) << wrong;
}

TEST(Bounds, AreInclusive) {
    OptionSpec spec = {.name = "x", .type = OptionType::duration, .minimum = 1000, .maximum = 2000};
    EXPECT_TRUE(parse_option(spec, "1s"));
    EXPECT_TRUE(parse_option(spec, "2s"));
    EXPECT_EQ(to_string(parse_option(spec, "999ms").error()),
              "option 'x': found '999ms', expected a duration between 1s and 2s");
    EXPECT_EQ(parse_option(spec, "2001ms").error().kind, ErrorKind::invalid_argument);
    spec.maximum = std::nullopt;
    EXPECT_EQ(to_string(parse_option(spec, "0").error()), "option 'x': found '0', expected a duration of at least 1s");
    spec.minimum = std::nullopt;
    spec.maximum = 500;
    EXPECT_EQ(to_string(parse_option(spec, "1s").error()),
              "option 'x': found '1s', expected a duration of at most 500ms");
}

TEST(Texts, AreNotChanged) {
    EXPECT_EQ(read<std::string>(OptionType::text, " ${HOME} null"), " ${HOME} null");
    EXPECT_EQ(read<std::string>(OptionType::text, ""), "");
    EXPECT_EQ(read<std::string>(OptionType::text, "\xC3"), std::nullopt);
    EXPECT_EQ(read<std::string>(OptionType::text, std::string_view("a\0b", 3)), std::nullopt);
    EXPECT_EQ(read<std::string>(OptionType::path, "a/../b"), "a/../b");
    EXPECT_EQ(read<std::string>(OptionType::path, ""), std::nullopt);
}

TEST(Choices, AreTheOnlyTextsAccepted) {
    const OptionSpec spec = {.name = "format", .type = OptionType::text, .choices = "float|base64"};
    EXPECT_TRUE(parse_option(spec, "base64"));
    EXPECT_EQ(to_string(parse_option(spec, "bsae64").error()),
              "option 'format': found 'bsae64', expected one of float, base64; did you mean 'base64'?");
    EXPECT_FALSE(parse_option(spec, ""));
    EXPECT_FALSE(parse_option(spec, "float|base64"));
    const OptionSpec list = {.name = "formats", .type = OptionType::text_list, .choices = "float|base64"};
    EXPECT_TRUE(parse_option(list, "[float, base64]"));
    EXPECT_FALSE(parse_option(list, "[float, text]"));
}

TEST(Collections, AreWrittenAsInYaml) {
    EXPECT_EQ(read<List>(OptionType::text_list, "http://a:1"), List{"http://a:1"});
    EXPECT_EQ(read<List>(OptionType::text_list, "[a, 'b, c', 3]"), (List{"a", "b, c", "3"}));
    EXPECT_EQ(read<List>(OptionType::text_list, "[]"), List{});
    EXPECT_EQ(read<List>(OptionType::text_list, "[a"), std::nullopt);
    EXPECT_EQ(read<List>(OptionType::text_list, "[[a]]"), std::nullopt);
    EXPECT_EQ(read<Map>(OptionType::text_map, "{a: 1, \"b c\": x}"), (Map{{"a", "1"}, {"b c", "x"}}));
    EXPECT_EQ(read<Map>(OptionType::text_map, "{}"), Map{});
    EXPECT_EQ(read<Map>(OptionType::text_map, "a"), std::nullopt);
    EXPECT_EQ(read<Map>(OptionType::text_map, "{a: 1, a: 2}"), std::nullopt);
}

TEST(OptionText, ReadsBack) {
    const std::pair<OptionType, OptionValue> values[] = {
        {OptionType::boolean, true},
        {OptionType::integer, std::int64_t{-5}},
        {OptionType::size, std::int64_t{10485760}},
        {OptionType::number, 0.1},
        {OptionType::number, 1e300},
        {OptionType::text, std::string("a \"b\" \\ ${c}")},
        {OptionType::duration, std::chrono::milliseconds(90'000)},
        {OptionType::duration, std::chrono::milliseconds(0)},
        {OptionType::text_list, List{}},
        {OptionType::text_list, List{"a, b", "\"q\"", "line\nbreak\ttab", "null", ""}},
        {OptionType::text_map, Map{{"a: b", "c\\"}, {"d", ""}}},
    };
    for (const auto& [type, value] : values) {
        const auto back = parse_option(of(type), option_to_text(value));
        ASSERT_TRUE(back) << option_to_text(value) << to_string(back.error());
        EXPECT_EQ(*back, value) << option_to_text(value);
    }
}

TEST(OptionsFromText, FillsInDefaults) {
    const auto options = options_from_text(openai_rows, {{"model", "m"}, {"timeout", "5s"}});
    ASSERT_TRUE(options) << to_string(options.error());
    EXPECT_EQ(options->get<std::string>("model"), "m");
    EXPECT_EQ(options->get<std::chrono::milliseconds>("timeout"), 5s);
    EXPECT_EQ(options->get<std::int64_t>("max_body"), 10485760);
    EXPECT_FALSE(options->has("api_key"));
}

TEST(OptionsFromText, KeepsTheHintOfASingleFault) {
    const auto options = options_from_text(openai_rows, {{"model", "m"}, {"timeout", "5"}});
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().hint, "did you mean '5s'?");
}

TEST(OptionsFromText, ADurationWithoutAUnitMostLikelyHasThatOfTheDefault) {
    const auto hint = [](const OptionSpec& row) {
        return options_from_text(std::span(&row, 1), {{"wait", "300"}}).error().hint;
    };
    OptionSpec row{.name = "wait", .type = OptionType::duration, .default_value = "0ms"};
    EXPECT_EQ(hint(row), "did you mean '300ms'?");
    row.default_value = "90m";
    EXPECT_EQ(hint(row), "did you mean '300m'?");
    row.maximum = 1'000'000;
    EXPECT_EQ(hint(row), "did you mean '300s'?") << "300 minutes are too long";
    row.maximum = std::nullopt;
    for (const auto& [usual, written, meant] : {std::array{"5m", "300", "300s"},
                                                {"2m", "30", "30s"},
                                                {"5m", "30", "30s"},
                                                {"500ms", "250", "250ms"},
                                                {"5s", "500", "500ms"},
                                                {"1s", "1000", "1000ms"},
                                                {"20s", "20", "20s"},
                                                {"14d", "90", "90d"},
                                                {"1h", "2", "2h"}}) {
        row.default_value = usual;
        const auto read = options_from_text(std::span(&row, 1), {{"wait", written}});
        EXPECT_EQ(read.error().hint, std::string("did you mean '") + meant + "'?") << usual << " " << written;
    }
    row.default_value = nullptr;
    row.maximum = 1'000;
    EXPECT_EQ(hint(row), "did you mean '300ms'?");
    row.maximum = 100;
    EXPECT_EQ(hint(row), "") << "none fits";
}

TEST(OptionsFromText, ListsEveryFault) {
    const auto options = options_from_text(openai_rows, {{"modle", "m"}, {"timeout", "5"}});
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(to_string(options.error()),
              "unknown option 'modle'; did you mean 'model'?; option 'model' is missing: The model's name.; option "
              "'timeout': found '5', "
              "expected a "
              "duration between 10ms and 1h (such as 250ms, 20s, 5m, 1h or 14d); did you mean '5s'?");
}

TEST(OptionsFromText, ReportsThatAPluginHasNoOptions) {
    const auto options = options_from_text({}, {{"size", "3"}});
    ASSERT_FALSE(options);
    EXPECT_EQ(to_string(options.error()), "unknown option 'size'; there are no options");
}

TEST(Nearest, FindsTheNameBehindASlip) {
    const List names = {"sqlite", "postgres", "memory", "level", "warn"};
    EXPECT_EQ(nearest("sqlit", names), "sqlite");
    EXPECT_EQ(nearest("SQLite", names), "sqlite");
    EXPECT_EQ(nearest("postgers", names), "postgres");
    EXPECT_EQ(nearest("postgresql", names), "postgres");
    EXPECT_EQ(nearest("lvel", names), "level");
    EXPECT_EQ(nearest("warning", names), "warn");
    EXPECT_EQ(nearest("mysql", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    EXPECT_EQ(nearest("a", List{"b"}), std::nullopt);
    EXPECT_EQ(nearest(std::string(100'000, 'x'), names), std::nullopt);
}

TEST(Quote, ShowsWhatWasWritten) {
    EXPECT_EQ(quote("a"), "'a'");
    EXPECT_EQ(quote("a\n\t\x1B\x7F"), "'a\\n\\t\\x1b\\x7f'");
    EXPECT_EQ(quote("\xFF"), "'\\xff'");
    EXPECT_EQ(quote(std::string(200, 'x')), "'" + std::string(80, 'x') + "…'");
    EXPECT_EQ(quote(std::string(79, 'x') + "éy"), "'" + std::string(79, 'x') + "é…'");
}

TEST(Utf8, IsCheckedStrictly) {
    EXPECT_EQ(first_invalid_utf8("aé€😀"), std::nullopt);
    EXPECT_EQ(first_invalid_utf8("a\xC0\x80"), 1U);
    EXPECT_EQ(first_invalid_utf8("\xED\xA0\x80"), 0U);
    EXPECT_EQ(first_invalid_utf8("\xF4\x90\x80\x80"), 0U);
    EXPECT_EQ(first_invalid_utf8("\xE2\x82"), 0U);
    EXPECT_EQ(characters("aé€😀"), 4U);
}

}  // namespace
}  // namespace embedq::config::testing

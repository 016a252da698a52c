// The work on a configuration is bounded, whatever its form: it may come from people who are not trusted.
#include <gmock/gmock.h>

#include <ctime>

#include "fakes.h"

namespace embedq::config::testing {
namespace {

using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Each of these takes a fraction of a second. Processor time does not depend on what else the machine does.
constexpr std::chrono::seconds far_too_long{10};

std::chrono::nanoseconds processor_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

LoadResult quickly(const std::string& yaml) {
    const auto begin = processor_time();
    auto result = load_text(yaml);
    EXPECT_LT(processor_time() - begin, far_too_long);
    return result;
}

std::string numbered(std::string_view before, int count, std::string_view after) {
    std::string text;
    for (int i = 0; i < count; ++i) text.append(before).append(std::to_string(i)).append(after);
    return text;
}

TEST(Growth, AllNodesInOneLongLine) {
    const auto result =
        quickly("{version: 1, x: [\"" + std::string(900'000, 'e') + "\", " + numbered("", 18'000, ",") + "]}");
    ASSERT_FALSE(result);
    EXPECT_THAT(lines(result.error()), HasSubstr("unknown key 'x'"));
}

TEST(Growth, ColumnsCountCharactersBeyondABlock) {
    std::string text = "{version: 1, store: {plugin: memory}, scheduler: {lease: \"";
    for (int i = 0; i < 3'000; ++i) text += "é";
    const auto result = quickly(text + "\"}, zzz: 1}");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().back().column, 58 + 3'000 + 5);
}

TEST(Growth, ManyProvidersAndCatalogs) {
    const auto result = quickly("version: 1\nproviders:\n" + numbered("  provider", 1'500, ": { plugin: lexical }\n") +
                                "embedding:\n  provider: none\n  catalogs:\n" + numbered("    c", 1'500, ": absent\n"));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error(), SizeIs(Ge(1'500U)));
}

TEST(Growth, OneLongName) {
    EXPECT_FALSE(quickly("version: 1\n\"" + std::string(300'000, 'k') + "\": 1\n"));
    EXPECT_FALSE(quickly("version: 1\nstore: { plugin: \"" + std::string(300'000, 'k') + "\" }\n"));
}

}  // namespace
}  // namespace embedq::config::testing

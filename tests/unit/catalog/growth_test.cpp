// The work on a document: it grows with the size at most as n log n, and a limit and a stop end it.
#include <ctime>

#include "support.h"

namespace embedq::catalog::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Le;
using testing::SizeIs;

// Each document below takes a fraction of a second. Work that grows with the square of the size would take minutes.
// Processor time does not depend on what else the machine does.
constexpr std::chrono::seconds far_too_long{20};

std::chrono::nanoseconds processor_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

template <class Read>
auto quickly(Read&& read) {
    const auto begin = processor_time();
    auto result = read();
    EXPECT_LT(processor_time() - begin, far_too_long);
    return result;
}

std::string repeated(std::string_view piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
}

std::string numbered(std::string_view before, std::size_t count, std::string_view after, char between = ',') {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) text += between;
        text.append(before).append(std::to_string(i)).append(after);
    }
    return text;
}

// The form with each "@" replaced.
std::string filled(std::string_view form, std::string_view text) {
    std::string out;
    for (const char c : form) out.append(c == '@' ? text : std::string_view(&c, 1));
    return out;
}

// Many paths that refer to one item.
std::string shared_item(std::size_t paths, std::string_view item) {
    return R"({"openapi":"3.1.0","paths":{)" + numbered("\"/p", paths, R"(":{"$ref":"#/x/item"})") +
           R"(},"x":{"item":)" + std::string(item) + "}}";
}

TEST(Growth, ManyTagsOfOneOperation) {
    const std::string tags = numbered("\"tag ", 60'000, "\"");
    const auto operation = quickly(
        [&] { return only_operation(with_paths(R"({"/a":{"get":{"tags":[)" + tags + R"(],"summary":"s"}}})")); });
    EXPECT_EQ(operation.tags.front(), "tag 0");
    EXPECT_THAT(operation.tags, SizeIs(Le(16'384U / 7)));
}

TEST(Growth, ManyEqualTags) {
    const std::string tags = repeated("\"a\",", 60'000) + "\"b\"";
    const auto operation =
        quickly([&] { return only_operation(with_paths(R"({"/a":{"get":{"tags":[)" + tags + "]}}}")); });
    EXPECT_THAT(operation.tags, ElementsAre("a", "b"));
}

TEST(Growth, TextsOfAnItemThatManyPathsReferTo) {
    const std::string long_text = repeated("many words ", 10'000);
    for (const std::string_view field : {"description", "summary", "operationId"}) {
        const auto document = quickly([&] {
            return parsed(shared_item(3'000, filled(R"({"get":{")" + std::string(field) + R"(":"@"}})", long_text)));
        });
        EXPECT_EQ(document.operations.size(), 3'000U) << field;
    }
    const auto items_own =
        quickly([&] { return parsed(shared_item(3'000, filled(R"({"get":{},"description":"@"})", long_text))); });
    EXPECT_EQ(items_own.operations.size(), 3'000U);
}

// Their tags are part of each operation, so their number is limited as that of the texts is.
TEST(Growth, TagsOfAnItemThatManyPathsReferTo) {
    const std::string item = filled(R"({"get":{"tags":["@"]}})", repeated("many words ", 10'000));
    const auto document = quickly([&] { return parsed(shared_item(1'000, item)); });
    ASSERT_EQ(document.operations.size(), 1'000U);
    EXPECT_EQ(document.operations.front().tags.front().size(), 16'384U);
    EXPECT_EQ(document.notes.front(), (Note{"paths./p0.get.tags", "the first 16 KiB of the tags are read"}));
    EXPECT_THAT(refusal(shared_item(1'000, item), {.max_total_text_bytes = 10'000'000}),
                HasSubstr("have more than 10000000 bytes"));
}

TEST(Growth, ALongReferenceThatManyPathsGoThrough) {
    for (const std::string start : {"#/nowhere/", "elsewhere.json#/"}) {
        const std::string item = filled(R"({"$ref":"@"})", start + repeated("a/", 250'000));
        const auto document = quickly([&] { return parsed(shared_item(20'000, item)); });
        EXPECT_EQ(document.notes.size(), max_notes);
        EXPECT_EQ(document.operations_left_out, 20'000U);
        EXPECT_THAT(document.notes, testing::Each(testing::Field(&Note::reason, SizeIs(Le(600U)))));
    }
}

TEST(Growth, AnOperationIdThatManyOperationsHave) {
    const auto document = quickly([&] { return parsed(shared_item(10'000, R"({"get":{"operationId":"same"}})")); });
    EXPECT_EQ(document.operations.size(), 10'000U);
}

TEST(Growth, ManyKeysOfAMap) {
    EXPECT_EQ(quickly([&] {
                  return parsed("openapi: 3.0.0\npaths: {}\nx:\n" + numbered(" k", 60'000, ": 1", '\n'));
              }).operations.size(),
              0U);
    EXPECT_EQ(
        quickly([&] { return parsed(with_paths("{" + numbered("\"/p", 60'000, "\":{}") + "}")); }).operations.size(),
        0U);
}

TEST(Growth, ALineWithoutAnEnd) {
    EXPECT_EQ(quickly([&] {
                  return parsed("openapi: 3.0.0\npaths: {}\nx: [" + numbered("", 60'000, "") + "]\n");
              }).operations.size(),
              0U);
}

// One scalar that is repeated by aliases is little text, but would be copied for each of them.
TEST(Growth, AliasesOfALongText) {
    const std::string document = "openapi: 3.0.0\nx: &x\n get: {description: '" + repeated("many words ", 10'000) +
                                 "'}\npaths:\n" + numbered(" /p", 10'000, ": *x", '\n');
    EXPECT_THAT(quickly([&] { return refusal(document); }),
                HasSubstr("the texts of the document have more than 268435456 bytes"));
    const std::string small = "openapi: 3.0.0\nx: &x\n get: {description: 'twelve bytes'}\npaths: {a: *x, b: *x}\n";
    EXPECT_EQ(parsed(small, {.max_yaml_bytes = 130}).operations.size(), 2U);
    EXPECT_THAT(refusal(small, {.max_yaml_bytes = 70}), HasSubstr("have more than 70 bytes"));
}

TEST(Growth, NodesThatAreKept) {
    const std::string document = "openapi: 3.0.0\npaths: {}\nx: &x [" + repeated("1,", 1'000) + "1]\n";
    EXPECT_THAT(refusal(document, {.max_yaml_kept = 1'000}),
                HasSubstr("more than 1000 nodes of the document are read"));
    EXPECT_EQ(parsed(document, {.max_yaml_kept = 1'010}).operations.size(), 0U);
}

TEST(Growth, WhatIsStoredBesideTheOperationsIsBounded) {
    const std::string text = repeated("é", 50'000);
    const auto document = parsed(
        filled(R"({"openapi":"3.0.0","info":{"title":"x@","version":"x@","description":"x@"},"paths":{}})", text));
    EXPECT_EQ(document.title.size(), 999U);
    EXPECT_EQ(document.version.size(), 199U);
    EXPECT_EQ(document.description.size(), 65'535U);
}

TEST(Growth, MessagesAreShortWhateverTheyQuote) {
    const std::string key = repeated("key", 100'000);
    for (const std::string& document : {with_paths(filled(R"({"/@":{},"/@":{}})", key)), filled(R"({"@":1})", key),
                                        filled("openapi: 3.0.0\nx: {? @ : 1, ? @ : 2}\n", key), filled("x: *@\n", key),
                                        filled("openapi: 3.0.0\nx: !<@ y\n", key)}) {
        EXPECT_THAT(refusal(document), SizeIs(Le(2'500U)));
    }
}

// Documents that take time in each part of the reading.
std::vector<std::string> long_documents() {
    const std::string numbers = "[" + repeated("1,", 4'000) + "1]";
    return {
        with_paths("{}, \"x\":" + numbers),
        with_paths(R"({"/a":{"get":{"tags":)" + numbers + "}}}"),
        with_paths("{" + numbered("\"/p", 2'000, R"(":{"get":{}})") + "}"),
        shared_item(2'000, R"({"get":{}})"),
        "openapi: 3.0.0\npaths: {}\nx: " + numbers + "\n",
        "openapi: 3.0.0\npaths: {}\n# " + repeated("comment ", 2'000) + "\n",
        "openapi: 3.0.0\npaths:\n" + numbered(" /p", 2'000, ": {get: {}}", '\n') + "\n",
    };
}

TEST(Work, EndsWhenTheTimeIsOver) {
    for (const std::string& document : long_documents()) {
        auto now = 100s;
        const auto clock = [&now, first = true]() mutable {
            if (!std::exchange(first, false)) now += 21s;
            return std::chrono::nanoseconds(now);
        };
        const auto refused = parse_document(document, {}, {.clock = clock});
        ASSERT_FALSE(refused) << document.substr(0, 100);
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
        EXPECT_THAT(refused.error().message, HasSubstr("takes more than 20 s of a processor's time"));
        EXPECT_THAT(refused.error().hint, HasSubstr("split it"));
        EXPECT_EQ(now, 121s) << "it goes on although the time is over";
    }
}

TEST(Work, MayTakeAllOfTheTime) {
    for (const std::string& document : long_documents()) {
        const auto clock = [first = true]() mutable { return std::exchange(first, false) ? 0s : 20s; };
        EXPECT_TRUE(parse_document(document, {}, {.clock = clock})) << document.substr(0, 100);
    }
}

// What a stop at the given look at the time leads to, and how often the time is looked at.
struct Stopped {
    Result<Document> document;
    std::size_t looks = 0;
};

Stopped stopped_at(std::size_t look, std::string_view content) {
    std::stop_source stop;
    std::size_t looks = 0;
    const auto clock = [&] {
        if (++looks == look) stop.request_stop();
        return 0ns;
    };
    auto document = parse_document(content, {}, {.stop = stop.get_token(), .clock = clock});
    return {std::move(document), looks};
}

TEST(Work, EndsOnAStopAtAnyTime) {
    for (const std::string& document : long_documents()) {
        const std::size_t looks = stopped_at(0, document).looks;
        EXPECT_GT(looks, 3U);
        for (std::size_t look = 1; look < looks; look += 1 + looks / 8) {
            const auto stopped = stopped_at(look, document);
            ASSERT_FALSE(stopped.document) << look << " of " << looks << ": " << document.substr(0, 100);
            EXPECT_EQ(stopped.document.error().kind, ErrorKind::unavailable);
            EXPECT_EQ(stopped.looks, look) << "it goes on after the stop";
        }
    }
}

TEST(Work, DoesNotReadOnAfterAStop) {
    for (std::string document : long_documents()) {
        // A fault at the end, which is not found if the reader does not get there.
        if (document.ends_with('}')) document.replace(document.size() - 1, 1, ",1");
        const auto stopped = stopped_at(3, document + "\n}");
        ASSERT_FALSE(stopped.document);
        EXPECT_EQ(stopped.document.error().kind, ErrorKind::unavailable) << stopped.document.error().message;
    }
}

}  // namespace
}  // namespace embedq::catalog::test

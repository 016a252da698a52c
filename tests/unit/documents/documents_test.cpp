#include "documents/documents.h"

#include <gtest/gtest.h>

#include "documents/size_text.h"

namespace embedq::documents {
namespace {

std::vector<std::string> round_trip(const std::vector<std::string>& tags) {
    std::vector<std::string> back{"left over"};
    split_tags(join_tags(tags), back);
    return back;
}

TEST(Tags, come_back_whatever_they_hold) {
    using Tags = std::vector<std::string>;
    for (const Tags& tags : {Tags{}, Tags{""}, Tags{"", ""}, Tags{"a", "b c"},
                             Tags{"line\nfeed", "back\\slash", "\\n", "\\"}, Tags{"é", "猫"}}) {
        EXPECT_EQ(round_trip(tags), tags);
    }
}

TEST(Compression, returns_the_document) {
    Compressor compressor;
    for (const std::string& content :
         {std::string(), std::string("{}"), std::string(1 << 20, 'x'), std::string("a\0b", 3)}) {
        const auto compressed = compressor.compress(content);
        const auto back = decompress(compressed, content.size());
        ASSERT_TRUE(back) << to_string(back.error());
        EXPECT_EQ(*back, content);
    }
    EXPECT_LT(compressor.compress(std::string(1 << 20, 'x')).size(), 1000U);
}

TEST(Compression, reports_bytes_that_are_not_what_was_written) {
    auto compressed = Compressor().compress("a document of some length, a document of some length");
    const auto wrong_size = decompress(compressed, 3);
    ASSERT_FALSE(wrong_size);
    EXPECT_EQ(wrong_size.error().kind, ErrorKind::internal);
    compressed.resize(compressed.size() / 2);
    const auto broken = decompress(compressed, 52);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().hint, "put the document again");
}

TEST(SizeText, is_for_people) {
    EXPECT_EQ(size_text(0), "0 B");
    EXPECT_EQ(size_text(999), "999 B");
    EXPECT_EQ(size_text(1'000), "1.0 kB");
    EXPECT_EQ(size_text(12'345'678), "12.3 MB");
    EXPECT_EQ(size_text(INT64_MAX), "9223.4 PB");
}

TEST(Notes, come_back_as_they_were) {
    const std::vector<Note> notes{{"paths./a\\n.get", "two\nlines"}, {"", ""}, {"x", "a \\ and a \\n"}};
    EXPECT_EQ(split_notes(join_notes(notes)), notes);
    EXPECT_TRUE(split_notes("").empty());
}

}  // namespace
}  // namespace embedq::documents

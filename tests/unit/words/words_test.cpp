#include <gtest/gtest.h>

#include <string>

#include "words/common.h"
#include "words/stemmer.h"

namespace embedq::words {
namespace {

TEST(Common, WritesAbbreviationsOut) {
    EXPECT_EQ(expansion("repo"), "repository");
    EXPECT_EQ(expansion("pr"), "pull request");
    EXPECT_EQ(expansion("repository"), "");
}

TEST(Common, KnowsStopWords) {
    EXPECT_TRUE(is_stop_word("the"));
    EXPECT_FALSE(is_stop_word("invoice"));
    EXPECT_FALSE(is_stop_word(""));
}

TEST(Stemmer, GivesOneStemToTheFormsOfAWord) {
    Stemmer stemmer;
    EXPECT_EQ(stemmer.stem("listing"), "list");
    EXPECT_EQ(stemmer.stem("lists"), "list");
    EXPECT_EQ(stemmer.stem(""), "");
}

TEST(Stemmer, TakesTheBeginningOfALongWord) {
    Stemmer stemmer;
    EXPECT_EQ(stemmer.stem(std::string(1'000, 'x')).size(), 64U);
}

}  // namespace
}  // namespace embedq::words

#include "http/redact.h"

#include <gtest/gtest.h>

namespace embedq::http {
namespace {

TEST(Secrets, AreHiddenWhereverTheyAppear) {
    const Secrets secrets({"hunter22", "hunter22-and-more", "abc"});
    EXPECT_EQ(secrets.hide("a hunter22 b hunter22-and-more c hunter22"), "a *** b *** c ***");
    EXPECT_EQ(secrets.hide("abc"), "abc");
    EXPECT_EQ(Secrets{}.hide("Authorization: Bearer eyJhbGciOi.J9_x-y, next"), "Authorization: Bearer ***, next");
    EXPECT_EQ(Secrets{}.hide("key sk-proj-12345678 and task-like words"), "key sk-*** and task-like words");
    EXPECT_EQ(Secrets{}.hide("https://host/?key=0123456789&x=1"), "https://host/?key=***&x=1");
    EXPECT_EQ(Secrets{}.hide("Bearer none"), "Bearer none");
}

TEST(Secrets, AShortOneIsHiddenAsAWholeWordOnly) {
    const Secrets secrets({"open", "openai", "abc"});
    EXPECT_EQ(secrets.hide("https://platform.openai.com/x reopened open-source"),
              "https://platform.openai.com/x reopened open-source");
    EXPECT_EQ(secrets.hide("open: 'openai' (openai), openai"), "***: '***' (***), ***");
    EXPECT_EQ(secrets.hide("openopen open open"), "openopen *** ***");
}

TEST(Excerpt, IsBoundedAndValid) {
    EXPECT_EQ(excerpt("  a\r\n\tb \x01 c  "), "a b c");
    EXPECT_EQ(excerpt("日本語", 6), "日本…");
    EXPECT_EQ(excerpt("日本語", 8), "日本…");
    EXPECT_EQ(excerpt("a\xC0\x80\xE2\x82 \xED\xA0\x80\xF5z"), "a???? ????z");
    EXPECT_EQ(excerpt(""), "");
}

}  // namespace
}  // namespace embedq::http

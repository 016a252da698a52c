#include "http/base64.h"

#include <limits>
#include <random>

#include "support.h"

namespace embedq::http {
namespace {

std::vector<float> back(std::string_view text) {
    const auto count = floats_in_base64(text);
    std::vector<float> values(count.value_or(0));
    EXPECT_TRUE(count && decode_base64(text, values)) << text;
    return values;
}

TEST(Base64, round_trips_floats_of_every_length) {
    std::mt19937 random(1);
    for (std::size_t size = 0; size < 40; ++size) {
        std::vector<float> values(size);
        for (float& value : values) value = std::uniform_real_distribution<float>(-1, 1)(random);
        EXPECT_EQ(back(encode_floats(values)), values) << size;
    }
}

TEST(Base64, reads_the_whole_alphabet) {
    std::string bytes;
    for (unsigned i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    const auto values = back(encode_base64(bytes));
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(values.data()), 256), bytes);
}

TEST(Base64, is_little_endian_float32) {
    EXPECT_THAT(back("AACAPwAAAMA="), testing::ElementsAre(1, -2));
}

TEST(Base64, counts_floats_by_length_and_padding) {
    EXPECT_EQ(floats_in_base64(""), 0U);
    EXPECT_EQ(floats_in_base64("AACAPw=="), 1U);
    EXPECT_EQ(floats_in_base64("AACAPwAAAMA="), 2U);
    EXPECT_EQ(floats_in_base64("AACAPw"), std::nullopt);    // no padding
    EXPECT_EQ(floats_in_base64("AACAPw="), std::nullopt);   // half of the padding
    EXPECT_EQ(floats_in_base64("AACAPwA="), std::nullopt);  // five bytes
    EXPECT_EQ(floats_in_base64("=="), std::nullopt);
    EXPECT_EQ(floats_in_base64("===="), std::nullopt);
}

TEST(Base64, refuses_characters_outside_the_alphabet_anywhere) {
    const std::string valid = encode_floats({1, 2, 3, 4, 5});
    for (std::size_t at = 0; at < valid.size() - 1; ++at) {
        for (const char wrong : {'=', '-', '_', ' ', '\n', '\0', '\x80', '\xFF', '.'}) {
            if (valid[at] == wrong) continue;
            std::string text = valid;
            text[at] = wrong;
            std::vector<float> values(5);
            EXPECT_FALSE(decode_base64(text, values)) << at << " " << static_cast<int>(wrong);
        }
    }
}

TEST(Base64, writes_only_to_a_span_of_the_right_size) {
    std::vector<float> values(1);
    EXPECT_FALSE(decode_base64("AACAPwAAAMA=", values));
    EXPECT_FALSE(decode_base64("", values));
    EXPECT_TRUE(decode_base64("", {}));
}

}  // namespace
}  // namespace embedq::http

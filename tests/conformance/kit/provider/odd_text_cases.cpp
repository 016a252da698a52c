// Rare texts that a catalog may hold: each gets a vector or, where a case allows it, a refusal, and does not affect the
// texts beside it.
#include "kit/provider/kit.h"

namespace embedq::conformance {
namespace {

enum class Refusal { allowed, forbidden };

// Embeds the text alone and between two others, which must keep the rows that they have alone.
void expect_embedded(ProviderKit& kit, const std::string& text, const std::string& what,
                     Refusal refusal = Refusal::forbidden) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, what);
    auto alone = ProviderKit::ask(kit.provider(), {.texts = {text}});
    const Error* error = !alone ? &alone.error() : !alone->errors.empty() ? &alone->errors[0].error : nullptr;
    if (error != nullptr) {
        if (refusal == Refusal::forbidden)
            throw CaseEnded(what + " must have a vector, but embed() returned " + text_of(*error));
        EXPECT_TRUE(is_refusal(*error)) << what
                                        << " may be refused as invalid_input or too_large, but embed() returned "
                                        << text_of(*error);
        EXPECT_FALSE(to_string(*error).empty()) << "the refusal of " << what << " has no message";
        return;
    }
    const Rows row = kit.rows({text});
    if (kit.batch(3) < 3) return;
    const auto others = kit.texts(2);
    const Rows rows = kit.rows({others[0], text, others[1]});
    expect_same(rows[1], row[0], what + " alone and between others");
    expect_same(rows[0], kit.rows({others[0]})[0], "the text before " + what);
    expect_same(rows[2], kit.rows({others[1]})[0], "the text after " + what);
}

void a_single_character(ProviderKit& kit) {
    for (const std::string text : {"a", "7", "\u00e9"}) expect_embedded(kit, text, "the text '" + text + "'");
}

void a_long_text_without_spaces(ProviderKit& kit) {
    constexpr std::size_t long_size = 32UL * 1024;
    const ProviderLimits& limits = kit.info().limits;
    const std::size_t length = limits.max_text_bytes > 0 ? limits.max_text_bytes : long_size;
    // Limits in bytes stand for limits in tokens, and a text without spaces has the most tokens.
    const auto answer = ProviderKit::ask(kit.provider(), {.texts = {std::string(length, 'x')}});
    const std::string what = "a text of " + std::to_string(length) + " times 'x'";
    const Error* error = !answer ? &answer.error() : !answer->errors.empty() ? &answer->errors[0].error : nullptr;
    if (error != nullptr) {
        EXPECT_TRUE(is_refusal(*error)) << what
                                        << " may be refused as invalid_input or too_large, but embed() returned "
                                        << text_of(*error);
        return;
    }
    EXPECT_EQ(kit.rows({std::string(length, 'x')}).size(), 1U);
}

void characters_of_four_bytes(ProviderKit& kit) {
    expect_embedded(kit, "rockets \U0001F680\U0001F680 and \U00020BB7\U0001F469\u200D\U0001F4BB",
                    "a text with characters of four bytes");
}

void several_scripts(ProviderKit& kit) {
    expect_embedded(kit, "\u5217\u51FA\u6240\u6709\u53D1\u7968", "a Chinese text");
    expect_embedded(kit, "\u0633\u0631\u062F \u0627\u0644\u0641\u0648\u0627\u062A\u064A\u0631", "an Arabic text");
}

void control_characters(ProviderKit& kit) {
    expect_embedded(kit, "tab\there, line\nthere, return\rtoo", "a text with tabs and line ends");
    using namespace std::string_literals;
    expect_embedded(kit, "a bell \x07, an escape \x1b[0m and a zero \0 within"s, "a text with control characters",
                    Refusal::allowed);
}

void what_looks_like_json(ProviderKit& kit) {
    expect_embedded(kit, R"("], "model": "other", "input": ["\u0000 \\" {"a": [1, 2, null]}')",
                    "a text that looks like JSON");
    expect_embedded(kit, "<a href='x'>&amp;</a> %00 %s ${HOME} ' OR 1=1 --", "a text of markup and quotes");
}

}  // namespace

std::vector<ProviderCase> odd_text_cases() {
    return {
        {"odd_texts", "a_single_character", a_single_character},
        {"odd_texts", "a_long_text_without_spaces", a_long_text_without_spaces},
        {"odd_texts", "characters_of_four_bytes", characters_of_four_bytes},
        {"odd_texts", "several_scripts", several_scripts},
        {"odd_texts", "control_characters", control_characters},
        {"odd_texts", "what_looks_like_json", what_looks_like_json},
    };
}

}  // namespace embedq::conformance

// The words of a question, each with what it counts: the matter in full, what only surrounds it ("by mistake", "from my
// script", "because …", the sentence before the question) less. The matter comes first.
//
// Thread-safety: a pure function.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::ranking {

struct QuestionWord {
    std::string text;
    float weight = 1;
};

// Pairs that mean something else together are replaced, "n't" is "not", and openings ("how do I") are dropped.
[[nodiscard]] std::vector<QuestionWord> question_words(std::string_view question);

[[nodiscard]] bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words);

}  // namespace embedq::ranking

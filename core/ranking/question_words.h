// The words of a question, each with its weight. The words of the main part have the full weight, words that only
// surround it ("by mistake", "from my script", "because …", the sentence before the question) have less. The main part
// comes first.
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

// Pairs of words with a meaning of their own are replaced, "n't" becomes "not", and openings ("how do I") are dropped.
[[nodiscard]] std::vector<QuestionWord> question_words(std::string_view question);

[[nodiscard]] bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words);

}  // namespace embedq::ranking

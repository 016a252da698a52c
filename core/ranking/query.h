// A parsed question: the things it asks for, each with the words that descriptions may use for it.
//
// Thread-safety: plain values and a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ranking/segment.h"
#include "ranking/vocabulary.h"

namespace embedq::ranking {

struct Alternative {
    std::string stem;
    float weight = 1;  // 1 for the word itself, less for words that may replace it
};

// One thing asked for. The best alternative that an operation has counts. The first is the word itself.
struct Concept {
    std::vector<Alternative> alternatives;
    float weight = 1;
};

enum class Quantity : std::uint8_t { unknown, one, many };

struct Question {
    std::vector<Concept> concepts;
    Verbs verbs = 0;  // what to do; 0 if the question has no verb of a known class
    Quantity quantity = Quantity::unknown;
    bool blank = true;  // no word at all, not even a stop word
};

// The dictionary has the words of the catalog: "web hook" becomes "webhook" if its descriptions use that word.
[[nodiscard]] Question read_question(std::string_view text, const Dictionary& dictionary);

}  // namespace embedq::ranking

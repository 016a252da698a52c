// A question, read: what it asks for, each thing with the words that descriptions may have for it.
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
    float weight = 1;  // 1 for the word itself, less for what may stand for it
};

// One thing asked for. The best alternative that an operation has counts, the first is the word itself.
struct Concept {
    std::vector<Alternative> alternatives;
    float weight = 1;
};

enum class Quantity : std::uint8_t { unknown, one, many };

struct Question {
    std::vector<Concept> concepts;
    Verbs verbs = 0;  // what is to be done; 0 when the question has no verb of a known class
    Quantity quantity = Quantity::unknown;
    bool blank = true;  // no word at all, not even a stop word
};

// The dictionary tells which words the catalog has: "web hook" is taken as "webhook" where that is what its
// descriptions say.
[[nodiscard]] Question read_question(std::string_view text, const Dictionary& dictionary);

}  // namespace embedq::ranking

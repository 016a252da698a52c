#include "ranking/query.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "embedq/support/words.h"
#include "ranking/question_words.h"

namespace embedq::ranking {
namespace {

constexpr float synonym_weight = 0.8F;
constexpr float unlikely_weight = 0.45F;  // a synonym that rarely fits
constexpr float negated = 0.7F;           // "that aren't members"
constexpr float main_part = 0.9F;         // the words of the main part have at least this weight
constexpr float family_weight = 0.7F;     // "contributed" for "contributor", which have different stems
constexpr float sibling_weight = 0.4F;    // another verb of the same class
constexpr float reversal_weight = 1.5F;   // one word that means both
constexpr float compound_weight = 0.9F;   // "web hook" for "webhook", and the reverse
constexpr float reading_verb = 0.35F;     // "show", "get": nearly every operation has one
constexpr float writing_verb = 0.7F;
constexpr float asked_person = 0.4F;  // "who"
constexpr float possessive = 0.2F;    // "my repository" is rarely about the account
constexpr float first_person = 0.35F;
constexpr int negation_reach = 3;             // words, from "not" on
constexpr std::size_t longest_compound = 32;  // bytes of a word that is split into two parts

// Whether the answer is information, whatever verbs the question has: "which files did this change".
bool asks_for_facts(const std::vector<QuestionWord>& words) {
    if (words.empty()) return false;
    const std::string& first = words[0].text;
    if (first == "how")
        return words.size() > 1 &&
               is_one_of(words[1].text, {"much", "long", "big", "large", "old", "fast", "far", "full"});
    return is_one_of(first, {"who", "what", "which", "where", "when", "is", "are", "has", "have", "does", "did", "was",
                             "were", "whose", "whether", "whom", "count"});
}

// "deleting" asks for what "delete" does. Some words that end in -ing are mostly not verbs.
Verbs verbs_asked(std::string_view word) {
    if (const Verbs verbs = verbs_of_word(word); verbs != 0) return verbs;
    constexpr std::string_view ending = "ing";
    if (word.size() < 6 || !word.ends_with(ending) ||
        is_one_of(word, {"setting", "listing", "building", "posting", "tracking", "opening"}))
        return 0;
    std::string base(word.substr(0, word.size() - ending.size()));
    if (const Verbs verbs = verbs_of_word(base); verbs != 0) return verbs;
    if (const Verbs verbs = verbs_of_word(base + "e"); verbs != 0) return verbs;
    if (base[base.size() - 1] == base[base.size() - 2]) base.pop_back();
    return verbs_of_word(base);
}

class Reader {
public:
    Reader(const Dictionary& dictionary, Question& question) : dictionary_(dictionary), question_(question) {}

    void read(const std::vector<QuestionWord>& words) {
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::string& word = words[i].text;
            scale_ = words[i].weight;
            if (scale_ >= main_part) note_context(word);
            if (is_stop_word(word)) {
                if (word == "not") negated_words_ = negation_reach;
                if (word == "who" || word == "whom") add(word, word, asked_person * scale_, false);
                continue;
            }
            if (negated_words_ > 0) --negated_words_;
            if (negated_words_ > 0) {
                reversed_ = true;
                scale_ *= negated;
            }
            add_word(word, i + 1 < words.size() ? words[i + 1].text : std::string{});
        }
        if (mine_ > 0) add("authenticated", "authenticated current me", mine_, true);
        if (asks_for_facts(words)) question_.verbs = verb_read;
    }

private:
    void note_context(const std::string& word) {
        note_quantity(word);
        note_verb(word);
        if (is_one_of(word, {"me", "mine", "myself", "i"})) mine_ = first_person;
        if (word == "my") mine_ = std::max(mine_, possessive);
    }

    void note_quantity(std::string_view word) {
        if (is_one_of(word, {"all", "every", "list", "which", "who", "everybody", "everyone", "many", "people"})) {
            question_.quantity = Quantity::many;
        } else if (question_.quantity == Quantity::unknown &&
                   is_one_of(word, {"a", "an", "one", "single", "particular", "specific", "this"})) {
            question_.quantity = Quantity::one;
        }
    }

    // The first verb is what to do: "show" before "created".
    void note_verb(std::string_view word) {
        if (question_.verbs == 0) question_.verbs = verbs_asked(word);
    }

    void add_word(const std::string& word, const std::string& next) {
        const Verbs verbs = verbs_asked(word);
        const bool is_verb = verbs != 0 && !verb_seen_;
        verb_seen_ = verb_seen_ || verbs != 0;
        const float weight = scale_ * (!is_verb ? 1.0F : verbs == verb_read ? reading_verb : writing_verb);
        const std::string_view full = expansion(word);
        if (full.find(' ') != std::string_view::npos) {
            for_each_word(full, [&](std::string_view part) { add(part, {}, weight, false); });
            return;
        }
        Concept& added = add(full.empty() ? std::string_view(word) : full, synonyms_of(word), weight, true);
        if (!full.empty()) alternatives(added, synonyms_of(full), synonym_weight);
        if (is_verb) add_siblings(added, verbs);
        add_family(added);
        if (is_one_of(word, {"stop", "undo", "reverse", "revert", "quit", "longer"})) {
            reversed_ = true;
        } else if (reversed_) {
            add_reversal(added, added.alternatives.front().stem);
        }
        add_compounds(added, word, next);
    }

    std::string_view synonyms_of(std::string_view word) { return synonyms(word, stemmer_.stem(word)); }

    // "stop following" and "undo a star" ask to unfollow and to unstar, where the catalog has such a word.
    void add_reversal(Concept& to, std::string_view stem) {
        std::string reversed = "un" + std::string(stem);
        if (dictionary_.frequency(reversed) > 0) to.alternatives.push_back({std::move(reversed), reversal_weight});
    }

    // The most common verbs of the class in summaries.
    void add_siblings(Concept& to, Verbs verbs) {
        if (verbs == verb_create) alternatives(to, "create add", sibling_weight);
        if (verbs == verb_update) alternatives(to, "update set", sibling_weight);
        if (verbs == verb_remove) alternatives(to, "delete remove", sibling_weight);
    }

    // Words that differ by an ending that Snowball does not remove, if the catalog has them.
    void add_family(Concept& to) {
        constexpr std::array<std::string_view, 12> endings{"or",   "er",   "e",  "ee",  "ion", "ation",
                                                           "ment", "ator", "at", "abl", "iv",  "al"};
        constexpr std::size_t shortest = 4;
        const std::string own = to.alternatives.front().stem;
        if (own.size() < shortest) return;
        const auto offer = [&](std::string stem) {
            if (dictionary_.frequency(stem) > 0) to.alternatives.push_back({std::move(stem), family_weight});
        };
        for (const std::string_view ending : endings) {
            offer(own + std::string(ending));
            if (own.size() >= shortest + ending.size() && own.ends_with(ending))
                offer(own.substr(0, own.size() - ending.size()));
        }
    }

    void add_compounds(Concept& to, const std::string& word, const std::string& next) {
        if (!next.empty() && !is_stop_word(next)) {
            const std::string joined(stemmer_.stem(word + next));
            if (dictionary_.frequency(joined) > 0) to.alternatives.push_back({joined, compound_weight});
        }
        if (word.size() > longest_compound || dictionary_.frequency(to.alternatives.front().stem) > 0) return;
        for (std::size_t cut = 2; cut + 3 <= word.size(); ++cut) {
            const std::string left(stemmer_.stem(word.substr(0, cut)));
            const std::string right(stemmer_.stem(word.substr(cut)));
            if (dictionary_.frequency(left) == 0 || dictionary_.frequency(right) == 0) continue;
            to.alternatives.push_back({right, compound_weight});
            return;
        }
    }

    Concept& add(std::string_view word, std::string_view others, float weight, bool with_itself_only) {
        Concept entry;
        entry.weight = weight;
        entry.alternatives.push_back({std::string(stemmer_.stem(word)), 1});
        question_.concepts.push_back(std::move(entry));
        Concept& added = question_.concepts.back();
        alternatives(added, with_itself_only ? others : synonyms_of(others), synonym_weight);
        return added;
    }

    void alternatives(Concept& to, std::string_view words, float weight) {
        for (std::size_t begin = 0; begin < words.size();) {
            const std::size_t end = std::min(words.find(' ', begin), words.size());
            const bool unlikely = words[begin] == '?';
            alternative(to, words.substr(begin + (unlikely ? 1 : 0), end - begin - (unlikely ? 1 : 0)),
                        unlikely ? std::min(weight, unlikely_weight) : weight);
            begin = end + 1;
        }
    }

    void alternative(Concept& to, std::string_view word, float weight) {
        const std::string_view full = expansion(word);
        std::string stem(stemmer_.stem(full.empty() ? word : full));
        const auto same = [&](const Alternative& other) { return other.stem == stem; };
        const auto known = std::find_if(to.alternatives.begin(), to.alternatives.end(), same);
        if (known == to.alternatives.end()) {
            to.alternatives.push_back({std::move(stem), weight});
        } else {
            known->weight = std::max(known->weight, weight);
        }
    }

    const Dictionary& dictionary_;
    Question& question_;
    words::Stemmer stemmer_;
    float scale_ = 1;  // of the present word
    int negated_words_ = 0;
    float mine_ = 0;
    bool verb_seen_ = false;
    bool reversed_ = false;
};

// A thing that is asked for twice counts once.
void drop_repeats(std::vector<Concept>& concepts) {
    std::unordered_set<std::string> seen;
    std::erase_if(concepts, [&](const Concept& entry) { return !seen.insert(entry.alternatives.front().stem).second; });
}

}  // namespace

Question read_question(std::string_view text, const Dictionary& dictionary) {
    Question question;
    Reader(dictionary, question).read(question_words(text));
    for_each_word(text, [&](std::string_view) { question.blank = false; });
    drop_repeats(question.concepts);
    return question;
}

}  // namespace embedq::ranking

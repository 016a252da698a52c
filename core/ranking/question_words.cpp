#include "ranking/question_words.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "embedq/support/words.h"
#include "ranking/vocabulary.h"

namespace embedq::ranking {
namespace {

constexpr float statement = 0.5F;           // a sentence that does not ask
constexpr float referred_to_weight = 0.8F;  // the same, where the question refers to it
constexpr float reason = 0.5F;              // "because …"
constexpr float excluded = 0.4F;            // "instead of …"
constexpr float lacking = 0.6F;             // "without …"
constexpr float circumstance = 0.3F;        // "by mistake", "from a script"
constexpr float hint = 0.5F;                // what a pair of words means in addition
constexpr std::size_t longest_query = 64;   // words
constexpr std::size_t longest_query_bytes = 8192;

using Words = std::vector<QuestionWord>;

struct Clause {
    Words words;
    bool asks = false;
};

Words::iterator at(Words& words, std::size_t i) {
    return words.begin() + static_cast<std::ptrdiff_t>(i);
}

std::string_view word_at(const Words& words, std::size_t i) {
    return i < words.size() ? std::string_view(words[i].text) : std::string_view{};
}

void weaken(Words& words, std::size_t begin, std::size_t end, float weight) {
    for (std::size_t i = begin; i < std::min(end, words.size()); ++i)
        words[i].weight = std::min(words[i].weight, weight);
}

// "PRs" is the plural of an acronym, not "P" and "Rs"; a typeset apostrophe is an apostrophe.
std::string plain(std::string_view text) {
    std::string result(text.substr(0, longest_query_bytes));
    constexpr std::string_view typeset = "\xe2\x80\x99";
    for (std::size_t found = result.find(typeset); found != std::string::npos; found = result.find(typeset, found)) {
        result.replace(found, typeset.size(), "'");
    }
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    for (std::size_t begin = 0; begin < result.size(); ++begin) {
        if (!upper(result[begin]) || (begin > 0 && letter(result[begin - 1]))) continue;
        std::size_t end = begin;
        while (end < result.size() && upper(result[end])) ++end;
        const bool plural = end - begin >= 2 && end < result.size() && result[end] == 's' &&
                            (end + 1 == result.size() || !letter(result[end + 1]));
        if (plural)
            std::transform(&result[begin], &result[end], &result[begin],
                           [](char c) { return static_cast<char>(c - 'A' + 'a'); });
    }
    return result;
}

Words split(std::string_view text, std::size_t limit) {
    Words words;
    for_each_word(text, [&](std::string_view word) {
        if (words.size() < limit) words.push_back({std::string(word), 1});
    });
    return words;
}

// "aren't" is split into "aren" and "t", "I'd" into "i" and "d".
void fold_contractions(Words& words) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        std::string& word = words[i].text;
        const std::string_view tail = words[i + 1].text;
        if (tail == "t" && word.size() >= 3 && (word.ends_with('n') || word == "can")) {
            word = "not";
            words.erase(at(words, i + 1));
        } else if (is_one_of(tail, {"d", "m", "re"}) &&
                   is_one_of(word, {"i", "we", "you", "they", "he", "she", "it", "who", "there", "what"})) {
            words.erase(at(words, i + 1));
        }
    }
}

// "turn my two factor off" asks to disable it. Questions split such verbs, descriptions use one word.
void join_pairs(Words& words) {
    constexpr std::size_t farthest = 4;
    Words hints;
    for (std::size_t i = 0; i < words.size(); ++i) {
        // "make a private room" creates a room, "make the room private" changes one.
        if (is_one_of(words[i].text, {"make", "making"}) && is_one_of(word_at(words, i + 1), {"a", "an"})) continue;
        for (std::size_t k = i + 1; k < words.size() && k <= i + farthest; ++k) {
            const std::string_view meant = phrasal_verb(words[i].text, words[k].text, k - i);
            if (meant.empty()) continue;
            Words others = split(meant, longest_query);
            const float weight = words[i].weight;
            if (meant.starts_with('+')) {
                for (QuestionWord& other : others) hints.push_back({std::move(other.text), weight * hint});
                break;
            }
            for (QuestionWord& other : others) other.weight = weight;
            words.erase(at(words, k));
            words[i] = others.front();
            words.insert(at(words, i + 1), others.begin() + 1, others.end());
            i += others.size() - 1;
            break;
        }
    }
    words.insert(words.end(), hints.begin(), hints.end());
}

// The end of the words that say how something is done or happened and that begin at `i`; `i` if no such words begin
// there.
std::size_t circumstance_end(const Words& words, std::size_t i) {
    const std::string_view word = words[i].text;
    const std::string_view next = word_at(words, i + 1);
    if (is_one_of(word, {"programmatically", "automatically", "accidentally", "mistakenly", "somehow", "easily",
                         "quickly",          "simply",        "currently",    "actually",   "really",  "basically",
                         "anymore",          "suddenly",      "exactly",      "instead",    "maybe",   "quick",
                         "anyway",           "please",        "thanks",       "hi",         "hello"})) {
        return i + 1;
    }
    if (word == "by" && is_one_of(next, {"mistake", "accident", "myself", "default"})) return i + 2;
    if (word == "right" && is_one_of(next, {"now", "away"})) return i + 2;
    if (word == "at" && is_one_of(next, {"all", "once"})) return i + 2;
    if (word == "for" && next == "example") return i + 2;
    const bool outward = is_one_of(word, {"from", "via", "through", "with", "using", "by", "over"});
    if (!outward && !is_one_of(word, {"in", "inside", "within"})) return i;
    std::size_t k = i + 1;
    while (k < words.size() && k <= i + 3 &&
           is_one_of(words[k].text, {"a",        "an",     "the",      "my",   "our",    "some",  "your",   "another",
                                     "external", "custom", "internal", "own",  "little", "small", "simple", "python",
                                     "bash",     "shell",  "node",     "rest", "http",   "plain"})) {
        ++k;
    }
    const std::string_view tool = word_at(words, k);
    if (tool == "command" && word_at(words, k + 1) == "line") return k + 2;
    if (!is_one_of(tool, {"script", "scripts", "terminal", "cli", "cron", "cronjob", "curl", "backend", "program",
                          "postman"}) &&
        !(outward && is_one_of(tool, {"api", "apis", "sdk", "code", "bot"}) && k > i) &&
        !(word == "from" && k > i + 1 && tool == "ci")) {
        return i;
    }
    return k + (is_one_of(word_at(words, k + 1), {"call", "calls", "request", "requests", "client"}) ? 2 : 1);
}

void weaken_circumstances(Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t end = circumstance_end(words, i);
        // If the question has no other words, it is about these.
        if (end > i && end - i < words.size()) weaken(words, i, end, circumstance);
        const std::string_view word = words[i].text;
        const std::string_view next = word_at(words, i + 1);
        if ((word == "instead" && next == "of") || (word == "rather" && next == "than"))
            weaken(words, i + 2, words.size(), excluded);
        if (word == "without") weaken(words, i + 1, i + 4, lacking);
        if (i < 3) continue;
        const bool purpose = word == "so" && is_one_of(next, {"that", "i", "we", "it", "they", "he", "she", "nobody",
                                                              "people", "my", "our", "the"});
        if (purpose || is_one_of(word, {"because", "although", "though", "but", "whereas", "since"}))
            weaken(words, i, words.size(), reason);
    }
}

// "how do I …", "I would like to …", "is there a way to …", "what is the endpoint for …": what comes before the main
// part. The "I" in it does not refer to the account.
void drop_opening(Words& words) {
    constexpr std::size_t longest_opening = 10;
    const auto names_a_call = [](std::string_view word) {
        return is_one_of(word, {"call", "endpoint", "api", "method", "route", "operation"});
    };
    const auto in_opening = [&](std::string_view word) {
        return is_stop_word(word) || names_a_call(word) ||
               is_one_of(word, {"trying",  "possible", "able",  "help",    "wish",    "love",    "hope",  "know",
                                "looking", "best",     "easy",  "easiest", "right",   "correct", "quick", "boss",
                                "manager", "wants",    "asked", "told",    "someone", "somebody"});
    };
    std::size_t end = 0;
    bool call = false;
    for (std::size_t i = 0; i + 1 < words.size() && i < longest_opening && in_opening(words[i].text); ++i) {
        const std::string_view word = words[i].text;
        const std::string_view next = words[i + 1].text;
        call = call || names_a_call(word);
        if (is_one_of(word, {"do", "can", "could", "should", "may", "would", "must"}) &&
            is_one_of(next, {"i", "we", "you", "one"}))
            end = i + 2;
        if (word == "to" && i > 0) end = i + 1;
        if (word == "for" && call) end = i + 1;
    }
    words.erase(words.begin(), at(words, end));
}

bool asks(const Words& words) {
    if (verbs_of_word(word_at(words, 0)) != 0) return true;
    constexpr std::size_t early = 8;
    for (std::size_t i = 0; i < std::min(early, words.size()); ++i) {
        if (is_one_of(words[i].text, {"how", "what", "which", "who", "whose", "where", "need", "want", "like", "please",
                                      "trying", "wants"}))
            return true;
        if (is_one_of(words[i].text, {"can", "could", "should", "do"}) &&
            is_one_of(word_at(words, i + 1), {"i", "we", "you", "one"}))
            return true;
    }
    return false;
}

// Where the clause that begins at `begin` ends: after a full stop, or at the comma between a statement and a question.
std::size_t clause_end(std::string_view text, std::size_t begin) {
    const Words first = split(text.substr(begin, 40), 1);
    const bool conditional = is_one_of(
        word_at(first, 0), {"if", "when", "after", "once", "before", "since", "because", "although", "while", "as"});
    for (std::size_t i = begin; i < text.size(); ++i) {
        const char c = text[i];
        const bool gap = i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\n';
        if (c == '\n' || (gap && (c == '?' || c == '!' || c == ';'))) return i + 1;
        if (c == '.' && gap && i >= begin + 2 && text[i - 2] != '.' && text[i - 2] != ' ') return i + 1;
        if (c != ',' || !gap) continue;
        const Words rest = split(text.substr(i + 1, 60), 3);
        const bool question =
            is_one_of(word_at(rest, 0), {"can", "could", "how", "is", "what", "where", "please", "should"});
        if (conditional) return i + 1;
        if (!question) continue;
        constexpr std::size_t enough = 300;  // bytes
        const Words before = split(text.substr(begin, std::min(i - begin, enough)), longest_query);
        if (before.size() >= 3 && !asks(before)) return i + 1;
    }
    return text.size();
}

std::vector<Clause> clauses_of(std::string_view text) {
    std::vector<Clause> clauses;
    std::size_t left = longest_query;
    for (std::size_t begin = 0; begin < text.size() && left > 0;) {
        const std::size_t end = clause_end(text, begin);
        const std::string_view part = text.substr(begin, end - begin);
        Clause clause{split(part, left), part.ends_with('?')};
        begin = end;
        if (clause.words.empty()) continue;
        left -= clause.words.size();
        fold_contractions(clause.words);
        clause.asks = clause.asks || asks(clause.words);
        if (is_one_of(clause.words.front().text,
                      {"if", "when", "after", "once", "because", "although", "while", "since"}) &&
            part.ends_with(',')) {
            clause.asks = false;
        }
        clauses.push_back(std::move(clause));
    }
    return clauses;
}

bool refers_back(const Words& words) {
    return std::any_of(words.begin(), words.end(), [](const QuestionWord& word) {
        return is_one_of(word.text, {"it", "them", "that", "this", "those", "these", "one", "him", "her"});
    });
}

// "I deleted a branch by mistake, can I get it back?": the question is about the branch, and does not ask to delete.
void weaken_statement(Words& words, bool referred_to) {
    const auto acts = [](const std::string& word) {
        if (verbs_of_word(word) != 0) return true;
        const std::string_view whole = word;
        return whole.ends_with("ed") && (verbs_of_word(whole.substr(0, whole.size() - 1)) != 0 ||
                                         verbs_of_word(whole.substr(0, whole.size() - 2)) != 0);
    };
    for (QuestionWord& word : words) {
        const float kept = referred_to && !acts(word.text) ? std::max(statement, referred_to_weight)
                           : acts(word.text)               ? statement / 2
                                                           : statement;
        word.weight = std::min(word.weight, kept);
    }
}

}  // namespace

std::vector<QuestionWord> question_words(std::string_view question) {
    std::vector<Clause> clauses = clauses_of(plain(question));
    std::stable_partition(clauses.begin(), clauses.end(), [](const Clause& clause) { return clause.asks; });
    const bool asked = !clauses.empty() && clauses.front().asks;
    const bool referred_to = asked && refers_back(clauses.front().words);
    Words all;
    for (Clause& clause : clauses) {
        weaken_circumstances(clause.words);
        if (asked && !clause.asks) weaken_statement(clause.words, referred_to);
        join_pairs(clause.words);
        drop_opening(clause.words);
        std::move(clause.words.begin(), clause.words.end(), std::back_inserter(all));
    }
    return all;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace embedq::ranking

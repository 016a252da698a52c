#include "ranking/question_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ranking/query.h"
#include "ranking/segment.h"
#include "ranking/vocabulary.h"

namespace embedq::ranking {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::Lt;

// The weight of the word in the question; 0 if it is not in it.
float weight_of(std::string_view word, std::string_view question) {
    const auto words = question_words(question);
    const auto found =
        std::find_if(words.begin(), words.end(), [&](const QuestionWord& entry) { return entry.text == word; });
    return found == words.end() ? 0 : found->weight;
}

std::string first_word(std::string_view question) {
    const auto words = question_words(question);
    return words.empty() ? std::string{} : words.front().text;
}

TEST(QuestionWords, AllWordsOfAPlainQuestionHaveFullWeight) {
    for (const QuestionWord& word : question_words("delete the zebra of a herd"))
        EXPECT_EQ(word.weight, 1) << word.text;
    EXPECT_TRUE(question_words(" ?! ").empty());
    EXPECT_TRUE(question_words("").empty());
    std::string endless = "zebra";
    while (endless.size() < 100000) endless += ", can";
    EXPECT_LE(question_words(endless).size(), 64U);
}

TEST(QuestionWords, StatementsCountLessThanQuestions) {
    constexpr std::string_view question = "I deleted a zebra by mistake. Can I restore it?";
    EXPECT_EQ(weight_of("restore", question), 1);
    EXPECT_LT(weight_of("deleted", question), weight_of("zebra", question)) << "\"it\" is the zebra";
    EXPECT_THAT(weight_of("zebra", question), AllOf(Gt(0.5F), Lt(1.0F)));
    EXPECT_EQ(first_word(question), "restore") << "the question comes first";
    EXPECT_EQ(first_word("I deleted a zebra, can I restore it"), "restore") << "a comma separates them, too";
    EXPECT_LT(weight_of("okapi", "If the okapi sleeps, how do I feed a zebra"),
              weight_of("zebra", "If the okapi sleeps, how do I feed a zebra"));
    EXPECT_EQ(weight_of("zebra", "I love this zebra"), 1) << "there is no question";
}

TEST(QuestionWords, ReasonsCountLess) {
    EXPECT_LT(weight_of("okapi", "list the zebras because an okapi left"), 1);
    EXPECT_LT(weight_of("okapi", "list the zebras so that I can feed an okapi"), 1);
    EXPECT_EQ(weight_of("zebras", "list the zebras because an okapi left"), 1);
    EXPECT_LT(weight_of("okapi", "feed a zebra instead of an okapi"),
              weight_of("okapi", "feed a zebra without an okapi"));
}

TEST(QuestionWords, CircumstancesCountLess) {
    EXPECT_LT(weight_of("script", "create a zebra from my python script"), 0.5F);
    EXPECT_LT(weight_of("api", "create a zebra with the API"), 0.5F);
    EXPECT_LT(weight_of("ci", "create a zebra from our external CI"), 0.5F);
    EXPECT_LT(weight_of("programmatically", "create a zebra programmatically"), 0.5F);
    EXPECT_EQ(weight_of("script", "delete a script"), 1) << "it is the main part";
    EXPECT_EQ(weight_of("api", "list api keys"), 1);
}

TEST(QuestionWords, NegationsAreOneWord) {
    EXPECT_EQ(weight_of("not", "zebras that aren't members"), 1);
    EXPECT_EQ(weight_of("not", "zebras that aren\xe2\x80\x99t members"), 1) << "typeset";
    EXPECT_EQ(weight_of("t", "zebras that aren't members"), 0);
    EXPECT_GT(weight_of("outside", "zebras that aren't members"), 0);
    EXPECT_EQ(weight_of("outside", "zebras that are members"), 0);
}

TEST(QuestionWords, PairsAreReplacedByTheirMeaningOrAddIt) {
    EXPECT_EQ(first_word("file a bug"), "create");
    EXPECT_EQ(weight_of("issue", "file a bug"), 1);
    EXPECT_EQ(weight_of("bug", "file a bug"), 0);
    EXPECT_EQ(weight_of("positive", "mark it a false positive"), 1) << "an added meaning keeps the words";
    EXPECT_THAT(weight_of("dismiss", "mark it a false positive"), AllOf(Gt(0.0F), Lt(1.0F)));
    EXPECT_GT(weight_of("visibility", "make the zebra private"), 0);
    EXPECT_EQ(weight_of("visibility", "make a private zebra"), 0) << "this creates a zebra";
}

TEST(QuestionWords, OpeningsAreDropped) {
    EXPECT_EQ(first_word("What is the endpoint for deleting a zebra"), "deleting");
    EXPECT_EQ(first_word("I'd like to delete a zebra"), "delete");
    EXPECT_EQ(first_word("my boss wants me to delete a zebra"), "delete");
}

TEST(QuestionWords, AbbreviationsDoNotEndASentence) {
    EXPECT_EQ(question_words("zebra e.g. okapi").back().weight, 1);
    EXPECT_EQ(question_words("zebra v1.2 okapi").back().weight, 1);
}

TEST(Thesaurus, UnlikelySynonymsHaveLessWeight) {
    Dictionary dictionary;
    const auto weight = [&](std::string_view question, std::string_view stem) {
        float best = 0;
        for (const Concept& entry : read_question(question, dictionary).concepts) {
            for (const Alternative& alternative : entry.alternatives) {
                if (alternative.stem == stem) best = std::max(best, alternative.weight);
            }
        }
        return best;
    };
    EXPECT_GT(weight("boilerplate", "templat"), weight("workers", "runner"));
    EXPECT_GT(weight("workers", "runner"), 0);
    EXPECT_EQ(weight("workers", "?runner"), 0) << "the mark is not part of the word";
}

TEST(Thesaurus, DeletingAsksForTheSameAsDelete) {
    const Dictionary dictionary;
    EXPECT_EQ(read_question("deleting zebras", dictionary).verbs, verbs_of_word("delete"));
    EXPECT_EQ(read_question("dropping zebras", dictionary).verbs, verbs_of_word("drop"));
    EXPECT_EQ(read_question("setting of zebras", dictionary).verbs, 0);
}

TEST(Thesaurus, ReversedVerbsAreFoundIfTheCatalogHasThem) {
    Dictionary dictionary;
    dictionary.count(dictionary.add("unverifi"), 1);
    const Question question = read_question("emails that were not verified", dictionary);
    const bool found = std::any_of(question.concepts.begin(), question.concepts.end(), [](const Concept& entry) {
        return std::any_of(entry.alternatives.begin(), entry.alternatives.end(),
                           [](const Alternative& a) { return a.stem == "unverifi"; });
    });
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace embedq::ranking

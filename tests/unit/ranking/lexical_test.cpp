#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "ranking/query.h"
#include "ranking/score.h"
#include "ranking/segment.h"
#include "ranking/vocabulary.h"

namespace embedq::ranking {
namespace {

Operation text_only(std::string text) {
    Operation operation;
    operation.text = std::move(text);
    return operation;
}

class Lexical : public testing::Test {
protected:
    Segment segment(const std::vector<Operation>& operations) {
        return Segment(operations, std::vector<std::uint32_t>(operations.size()), dictionary, reader);
    }

    std::vector<float> score(const Segment& segment, std::string_view question) const {
        std::vector<float> scores(segment.size());
        Scorer(read_question(question, dictionary), dictionary, segment.size()).score(segment, scores);
        return scores;
    }

    bool asks_for(std::string_view question, const std::string& stem) const {
        for (const Concept& entry : read_question(question, dictionary).concepts) {
            for (const Alternative& alternative : entry.alternatives) {
                if (alternative.stem == stem) return true;
            }
        }
        return false;
    }

    Dictionary dictionary;
    TermReader reader{dictionary};
};

// Three operations with a text and nothing else. "zebra" is in one of them, "quagga" in two; both have no synonyms.
TEST_F(Lexical, BM25ByHand) {
    const Segment three =
        segment({text_only("zebra quagga quagga"), text_only("quagga okapi"), text_only("okapi okapi okapi okapi")});
    EXPECT_FLOAT_EQ(inverse_frequency(3, 1), std::log(1 + 2.5F / 1.5F));
    EXPECT_FLOAT_EQ(inverse_frequency(3, 2), std::log(1 + 1.5F / 2.5F));

    // Text field: weight 1, b 0.75, typical length 40. Saturation 1. An empty head keeps 0.65 of the score.
    const auto part = [](float count, float length) {
        const float frequency = count / (1 - 0.75F + 0.75F * length / 40);
        return frequency / (1 + frequency);
    };
    const float zebra = inverse_frequency(3, 1);
    const float quagga = inverse_frequency(3, 2);
    const auto scores = score(three, "zebra quagga");
    EXPECT_NEAR(scores[0], 0.65F * (zebra * part(1, 3) + quagga * part(2, 3)) / (zebra + quagga), 1e-3);
    EXPECT_NEAR(scores[1], 0.65F * quagga * part(1, 2) / (zebra + quagga), 1e-3);
    EXPECT_EQ(scores[2], 0);
}

TEST_F(Lexical, FrequenciesFollowSegments) {
    const Segment one = segment({text_only("zebra"), text_only("zebra")});
    {
        const Segment other = segment({text_only("zebra okapi")});
        EXPECT_EQ(dictionary.frequency(std::string_view("zebra")), 3U);
        other.discount(dictionary);
    }
    EXPECT_EQ(dictionary.frequency(std::string_view("zebra")), 2U);
    EXPECT_EQ(dictionary.frequency(std::string_view("okapi")), 0U);
}

TEST_F(Lexical, VerbClassesOfWordsAndMethods) {
    EXPECT_EQ(verbs_of_word("fetch"), verbs_of_word("retrieve"));
    EXPECT_TRUE(verbs_of_word("destroy") & verb_remove);
    EXPECT_TRUE(verbs_of_word("modify") & verb_update);
    EXPECT_EQ(verbs_of_word("webhook"), 0);
    EXPECT_EQ(verbs_of_method("GET"), verb_read);
    EXPECT_EQ(verbs_of_method("DELETE"), verb_remove);
    EXPECT_EQ(verbs_of_method("TRACE"), 0);
}

TEST_F(Lexical, TheMethodAloneDecidesBetweenEquals) {
    Operation get = text_only("zebra");
    get.method = "GET";
    get.path = "/zebras/{id}";
    Operation remove = get;
    remove.method = "DELETE";
    const Segment both = segment({get, remove});
    EXPECT_GT(score(both, "remove a zebra")[1], score(both, "remove a zebra")[0]);
    EXPECT_GT(score(both, "show a zebra")[0], score(both, "show a zebra")[1]);
    EXPECT_GT(score(both, "which zebra")[0], score(both, "which zebra")[1]);
}

TEST_F(Lexical, ManyMeansCollectionsAndOneMeansItems) {
    Operation list = text_only("zebra");
    list.method = "GET";
    list.path = "/zebras";
    Operation one = list;
    one.path = "/zebras/{id}";
    const Segment both = segment({list, one});
    EXPECT_GT(score(both, "list all zebras")[0], score(both, "list all zebras")[1]);
    EXPECT_GT(score(both, "show a single zebra")[1], score(both, "show a single zebra")[0]);
}

TEST_F(Lexical, TheSummaryCountsForMoreThanTheDescription) {
    Operation about = text_only("okapi zebra");
    about.summary = "zebra";
    Operation beside = text_only("okapi zebra");
    beside.summary = "okapi";
    const auto scores = score(segment({beside, about}), "zebra");
    EXPECT_GT(scores[1], scores[0] * 1.3F);
}

TEST_F(Lexical, ALongDescriptionDoesNotOutweighAShortOne) {
    std::string lengthy = "zebra";
    for (int i = 0; i < 400; ++i) lengthy += " filler" + std::to_string(i);
    const auto scores = score(segment({text_only(lengthy), text_only("zebra")}), "zebra");
    EXPECT_GT(scores[1], scores[0] * 2);
}

TEST_F(Lexical, ReadsQuestionsAsPeopleWriteThem) {
    segment({text_only("webhook enable disable pull request repository rerun reopen café")});
    EXPECT_TRUE(asks_for("turn my two factor off", "disabl"));
    EXPECT_TRUE(asks_for("switch on alerts", "enabl"));
    EXPECT_TRUE(asks_for("PRs of a repo", "pull"));
    EXPECT_TRUE(asks_for("PRs of a repo", "repositori"));
    EXPECT_TRUE(asks_for("web hook", "webhook"));
    EXPECT_TRUE(asks_for("my notifications", "authent"));
    EXPECT_FALSE(asks_for("how do I see notifications", "authent"));
    EXPECT_TRUE(asks_for("café", "café"));
    EXPECT_TRUE(asks_for("find somebody", "user"));
    EXPECT_EQ(read_question("how do I delete a created zebra", dictionary).verbs & verb_remove, verb_remove);
    EXPECT_EQ(read_question("who owns it", dictionary).verbs, verb_read);
    EXPECT_TRUE(read_question(" ?! ", dictionary).blank);
}

TEST_F(Lexical, TwoWordsCanMeanOneVerb) {
    EXPECT_TRUE(asks_for("shut down my server", "stop"));
    EXPECT_TRUE(asks_for("throw somebody out of a channel", "remov"));
    EXPECT_TRUE(asks_for("set up an alert", "creat"));
    EXPECT_EQ(phrasal_verb("get", "rid", 1), "delete");
    EXPECT_EQ(phrasal_verb("get", "rid", 2), "") << "these two are not separable";
    EXPECT_EQ(phrasal_verb("zebra", "down", 1), "");
    EXPECT_EQ(phrasal_verb("et", "rid", 1), "") << "part of a word";
}

TEST_F(Lexical, InflectedWordsHaveTheSynonymsOfTheirStem) {
    EXPECT_TRUE(asks_for("who is banned", "block"));
    EXPECT_TRUE(asks_for("pausing it", "suspend"));
    EXPECT_EQ(synonyms("zebras", "zebra"), "");
}

TEST_F(Lexical, StoppingIsTheReverseIfTheCatalogHasAWordForIt) {
    segment({text_only("unfollow unstar")});
    EXPECT_TRUE(asks_for("stop following somebody", "unfollow"));
    EXPECT_TRUE(asks_for("undo a star", "unstar"));
    EXPECT_FALSE(asks_for("stop pinning it", "unpin"));
    EXPECT_FALSE(asks_for("following somebody", "unfollow"));
}

TEST_F(Lexical, OpeningsDoNotCount) {
    EXPECT_FALSE(asks_for("I would like to see notifications", "authent"));
    EXPECT_FALSE(asks_for("is there a way for me to see notifications", "authent"));
    EXPECT_TRUE(asks_for("what herds do I belong to", "herd")) << "this is not an opening";
    EXPECT_EQ(read_question("which files did this change", dictionary).verbs, verb_read);
    EXPECT_EQ(read_question("how to delete a zebra", dictionary).verbs, verb_remove);
}

TEST_F(Lexical, OddQuestionsAreAccepted) {
    const Segment one = segment({text_only("zebra")});
    std::string endless;
    for (int i = 0; i < 5000; ++i) endless += "zebra quagga" + std::to_string(i) + " ";
    for (const std::string& question :
         {std::string(), std::string("\xff\xfe\xc3("), std::string(100000, 'z'), endless, std::string("\0x", 2)}) {
        for (const float value : score(one, question)) {
            EXPECT_GE(value, 0);
            EXPECT_LE(value, 1);
        }
    }
    EXPECT_GT(score(one, endless)[0], 0);
}

}  // namespace
}  // namespace embedq::ranking

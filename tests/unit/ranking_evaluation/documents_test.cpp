#include "ranking/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "ranking/evaluation.h"

namespace embedq::evaluation {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* pets = R"({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {
  "/pets": {"get": {"operationId": "all", "summary": "Every animal we sell", "description": "Gives a list. In pages."},
            "post": {"operationId": "add", "summary": "Put one up", "description": "Adds a pet."}},
  "/pets/{id}": {"get": {"operationId": "one", "summary": "Look at one animal"},
                 "delete": {"operationId": "gone", "summary": "Removes an animal",
                            "description": "It removes an animal for good."},
                 "patch": {"operationId": "edit", "description": "Changes what is said of a pet."}}}})";

class Documents : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "embedq-evaluation-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
        write("pets.json", pets);
    }
    void TearDown() override { fs::remove_all(folder); }

    void write(const std::string& name, std::string_view content) const {
        fs::create_directories((folder / name).parent_path());
        std::ofstream(folder / name) << content;
    }

    fs::path folder;
};

TEST_F(Documents, RemovingSummariesChangesNothingElse) {
    const auto whole = read_document(folder, "pets.json");
    const auto bare = read_without_summaries(folder, "pets.json");
    ASSERT_TRUE(whole && bare);
    ASSERT_EQ(bare->operations.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(bare->operations[i].operation_id, whole->operations[i].operation_id);
    EXPECT_THAT(whole->operations[0].text, HasSubstr("Every animal we sell"));
    EXPECT_THAT(bare->operations[0].text,
                testing::AllOf(HasSubstr("Gives a list"), testing::Not(HasSubstr("Every animal"))));
    EXPECT_EQ(bare->operations[4].text, whole->operations[4].text);
}

// Left out: a summary of two short words, an operation without a description, a summary that the description repeats,
// an operation without a summary.
TEST_F(Documents, AsksTheSummariesThatWereRemoved) {
    const auto questions =
        summary_questions(*read_document(folder, "pets.json"), *read_without_summaries(folder, "pets.json"));
    ASSERT_EQ(questions.size(), 2U);
    EXPECT_EQ(questions[0].text, "Every animal we sell");
    EXPECT_EQ(questions[0].document, "pets.json");
    EXPECT_EQ(questions[0].accepted, std::set<std::string>{"all"});
    EXPECT_EQ(questions[1].accepted, std::set<std::string>{"add"});
}

TEST_F(Documents, ASampleAndItsComplementAreAllDocuments) {
    for (int i = 0; i < 20; ++i) write("publisher/" + std::to_string(i) + ".json", pets);
    write("readme.txt", "not a document");
    const auto part = sample_documents(folder, "0/3");
    const auto others = sample_documents(folder, "!0/3");
    ASSERT_TRUE(part && others);
    EXPECT_EQ(part->size() + others->size(), 21U);
    EXPECT_TRUE(std::ranges::is_sorted(*part));
    for (const char* wrong : {"", "3", "3/3", "1/0", "a/b", "1/2/3"}) {
        const auto refused = sample_documents(folder, wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_THAT(to_string(refused.error()), HasSubstr("N/M"));
    }
}

TEST_F(Documents, ErrorsInTablesNameTheLine) {
    write("sets.tsv", "# name\tdocuments\tquestions\ttuning\nall\tpets.json\n");
    EXPECT_THAT(to_string(read_sets(folder / "sets.tsv").error()),
                HasSubstr("sets.tsv:2: found 2 column(s), expected 4"));
    EXPECT_THAT(to_string(read_sets(folder / "missing.tsv").error()), HasSubstr("cannot be read"));
    write("empty.tsv", "# nothing\n");
    EXPECT_THAT(to_string(read_questions(folder / "empty.tsv").error()), HasSubstr("has only comments"));
}

TEST_F(Documents, AnAnswerThatTheDocumentsDoNotHaveIsRefused) {
    write("questions.tsv", "which pets are there\tall,every\n");
    const auto opened = Evaluation::open({"set", "pets.json", "questions.tsv", ""}, folder, folder);
    ASSERT_FALSE(opened);
    EXPECT_THAT(to_string(opened.error()),
                testing::AllOf(HasSubstr("'every'"), HasSubstr("which pets are there"), HasSubstr("pets.json")));
}

TEST_F(Documents, AFileThatIsNotADocumentIsRefused) {
    write("no.json", "{}");
    EXPECT_THAT(to_string(Evaluation::open({"set", "no.json", "summaries", ""}, folder, folder).error()),
                HasSubstr("no.json"));
    EXPECT_FALSE(Evaluation::open({"set", "absent.json", "summaries", ""}, folder, folder));
}

TEST_F(Documents, AnEvaluationFindsTheAnswers) {
    write("questions.tsv", "changes a pet\tedit\nremoves for good\tgone\n");
    auto evaluation = Evaluation::open({"set", "pets.json", "questions.tsv", ""}, folder, folder);
    ASSERT_TRUE(evaluation) << to_string(evaluation.error());
    const auto half = make_half("lexical").value();
    const Comparison compared = evaluation->compare(half_kinds().front(), *half, half->weight());
    EXPECT_EQ(compared.lexical, (Ranks{1, 1}));
    EXPECT_EQ(compared.semantic, (Ranks{1, 1}));
    EXPECT_EQ(compared.hybrid, (Ranks{1, 1}));
    EXPECT_EQ(evaluation->misses(*half, half->weight()), "");
}

}  // namespace
}  // namespace embedq::evaluation

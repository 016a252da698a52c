#include "lexical/embedder.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "lexical/vocabulary.h"

namespace embedq::lexical {
namespace {

std::vector<float> embed(std::string_view text, std::size_t dimension = 512) {
    std::vector<float> vector(dimension);
    Embedder(dimension).embed(text, vector);
    return vector;
}

double length(const std::vector<float>& vector) {
    double squares = 0;
    for (const float value : vector) squares += static_cast<double>(value) * value;
    return std::sqrt(squares);
}

double cosine(std::string_view a, std::string_view b) {
    const auto left = embed(a);
    const auto right = embed(b);
    double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) sum += static_cast<double>(left[i]) * right[i];
    return sum;
}

// Over the bits of the floats, so that a change of the last bit is detected.
std::uint64_t fingerprint(const std::vector<float>& vector) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const float value : vector) {
        hash ^= std::bit_cast<std::uint32_t>(value);
        hash *= 0x100000001b3ULL;
    }
    return hash;
}

// Stores keep vectors under weights_version, so a change of one of these numbers needs a new version.
TEST(LexicalEmbedder, VectorsArePinnedToTheVersionOfTheWeights) {
    EXPECT_EQ(weights_version, "2.0");
    EXPECT_EQ(fingerprint(embed("List repository webhooks")), 0x80255fb652ec4390ULL);
    EXPECT_EQ(fingerprint(embed("getHTTPServer2 /v1/users/{id} Größe", 256)), 0x5cd02a1b74e4161aULL);
    EXPECT_EQ(fingerprint(embed("→ ☃")), 0xd56d49fa6a237363ULL);
}

TEST(LexicalEmbedder, DoesNotDependOnEarlierTexts) {
    Embedder embedder(512);
    std::vector<float> vector(512);
    for (int i = 0; i < 20000; ++i) embedder.embed("word" + std::to_string(i), vector);
    embedder.embed("cancel a running workflow", vector);
    EXPECT_EQ(vector, embed("cancel a running workflow"));
}

TEST(LexicalEmbedder, LengthIsOneForAnyText) {
    const std::string long_text(100000, 'x');
    const std::string broken = "\xff\xfe\xc3(";
    for (const std::string_view text :
         {std::string_view("list users"), std::string_view("the of and"), std::string_view("{}[]--"),
          std::string_view(" "), std::string_view("日本語の検索"), std::string_view(long_text),
          std::string_view(broken), std::string_view("\0", 1)}) {
        EXPECT_NEAR(length(embed(text)), 1, 1e-5) << text.substr(0, 20);
        EXPECT_NEAR(length(embed(text, 64)), 1, 1e-5) << text.substr(0, 20);
    }
}

TEST(LexicalEmbedder, SymbolsHaveVectorsOfTheirOwn) {
    EXPECT_NE(embed("{}"), embed("[]["));
}

TEST(LexicalEmbedder, TextsWithSharedWordsAreClose) {
    EXPECT_NEAR(cosine("star a repository", "star a repository"), 1, 1e-5);
    EXPECT_GT(cosine("star a repository", "Star a repository for the authenticated user"), 0.5);
    EXPECT_LT(cosine("star a repository", "list invoices of a customer"), 0.2);
}

TEST(LexicalEmbedder, FormsSpellingsAndAbbreviationsCountAsOneWord) {
    EXPECT_GT(cosine("repos", "repository"), 0.99);
    EXPECT_GT(cosine("listWorkflowRuns", "list workflow runs"), 0.99);
    EXPECT_GT(cosine("cancelled workflows", "cancel workflow"), 0.6);
    EXPECT_GT(cosine("organisation", "organization"), 0.99);
}

TEST(LexicalEmbedder, VerbsOfOneClassAreCloserThanOthers) {
    EXPECT_GT(cosine("delete webhook", "remove webhook"), cosine("delete webhook", "create webhook") + 0.05);
    EXPECT_GT(cosine("get webhook", "fetch webhook"), cosine("get webhook", "destroy webhook") + 0.05);
    EXPECT_EQ(verb_class("retrieve"), verb_class("get"));
    EXPECT_EQ(verb_class("patch"), verb_class("modify"));
    EXPECT_NE(verb_class("delete"), verb_class("get"));
    EXPECT_TRUE(verb_class("webhook").empty());
}

TEST(LexicalEmbedder, TextsWithRelatedWordsAreClose) {
    EXPECT_GT(cosine("voucher", "coupon"), cosine("voucher", "repository") + 0.2);
    EXPECT_GT(cosine("restart", "reboot"), cosine("restart", "invoice") + 0.2);
    EXPECT_TRUE(meaning_of("coupon"));
    EXPECT_FALSE(meaning_of("zyzzyva"));
    EXPECT_FALSE(meaning_of(""));
}

TEST(LexicalEmbedder, AnyDimensionWorks) {
    for (const std::size_t dimension : {1U, 3U, 4U, 17U, 300U})
        EXPECT_NEAR(length(embed("list users", dimension)), 1, 1e-5) << dimension;
}

TEST(LexicalEmbedder, MisspeltWordsStayClose) {
    EXPECT_GT(cosine("subscriptoin", "subscription"), cosine("subscriptoin", "repository") + 0.05);
}

TEST(LexicalEmbedder, RareStemsWeighMore) {
    EXPECT_LT(inverse_document_frequency("list"), inverse_document_frequency("webhook"));
    EXPECT_LE(inverse_document_frequency("webhook"), inverse_document_frequency("zyzzyva"));
}

}  // namespace
}  // namespace embedq::lexical

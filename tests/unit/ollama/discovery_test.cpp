#include "ollama/discovery.h"

#include <gmock/gmock.h>

#include <vector>

#include "ollama/pull_progress.h"

namespace embedq::ollama {
namespace {

using testing::ElementsAre;

TEST(Show, ReportsDimensionContextAndCapability) {
    const Identity identity = read_show(
        R"({"model_info":{"general.architecture":"nomic-bert","nomic-bert.context_length":2048,"nomic-bert.embedding_length":768},)"
        R"("capabilities":["embedding"]})");
    EXPECT_EQ(identity.dimension, 768U);
    EXPECT_EQ(identity.context, 2048U);
    EXPECT_EQ(identity.embeds, true);
    EXPECT_EQ(read_show(R"({"capabilities":["completion","tools"]})").embeds, false);
}

TEST(Show, AnOldServerReportsLess) {
    for (const char* body :
         {"{}", R"({"model_info":{}})", R"({"model_info":null,"capabilities":null})", "no JSON", ""}) {
        const Identity identity = read_show(body);
        EXPECT_EQ(identity.dimension, 0U) << body;
        EXPECT_FALSE(identity.embeds) << body;
    }
}

TEST(Tags, NamesAreComparedAsTheServerDoes) {
    const std::string body =
        R"({"models":[{"name":"other:latest","digest":"0"},{"name":"Nomic:latest","digest":"1"},{"name":"nomic:v2","digest":"2"},)"
        R"({"model":"registry:5000/team/nomic:latest","digest":"3"},{"name":"bare:latest"}]})";
    EXPECT_EQ(digest_in_tags(body, "nomic"), "1");
    EXPECT_EQ(digest_in_tags(body, "nomic:latest"), "1");
    EXPECT_EQ(digest_in_tags(body, "nomic:v2"), "2");
    EXPECT_EQ(digest_in_tags(body, "registry:5000/team/nomic"), "3");
    EXPECT_EQ(digest_in_tags(body, "bare"), "");
    EXPECT_EQ(digest_in_tags(body, "nomic:v3"), "");
    EXPECT_EQ(digest_in_tags("<html>", "nomic"), "");
}

TEST(Bodies, AMissingRouteIsDistinguishedFromAMissingModel) {
    EXPECT_FALSE(is_json("404 page not found"));
    EXPECT_TRUE(is_json(R"({"error":"model 'x' not found"})"));
}

TEST(Pull, ReportsEachStageAndEachTenthOnce) {
    std::vector<std::string> reported;
    PullProgress progress([&](std::string_view line) { reported.emplace_back(line); });
    std::string lines = "{\"status\":\"pulling manifest\"}\n";
    for (const int done : {0, 1, 5, 10, 12, 100}) {
        lines +=
            R"({"status":"pulling 970a","total":200000000,"completed":)" + std::to_string(done * 2'000'000) + "}\n";
    }
    lines += "{\"status\":\"success\"}\n";
    // In pieces, as from a network.
    for (std::size_t at = 0; at < lines.size(); at += 7) progress.take(std::string_view(lines).substr(at, 7));
    EXPECT_THAT(reported, ElementsAre("pulling manifest", "pulling 970a: 0 MB of 200 MB",
                                      "pulling 970a: 20 MB of 200 MB", "pulling 970a: 200 MB of 200 MB", "success"));
    EXPECT_TRUE(progress.succeeded());
}

TEST(Pull, AnErrorOrAnEarlyEndIsNotASuccess) {
    PullProgress progress([](std::string_view) {});
    progress.take("{\"status\":\"pulling manifest\"}\nno JSON\n{\"error\":\"file does not exist\"}\n");
    EXPECT_FALSE(progress.succeeded());
    EXPECT_EQ(progress.error(), "file does not exist");
}

}  // namespace
}  // namespace embedq::ollama

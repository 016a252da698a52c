#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "fake_engine.h"

namespace embedq::cli {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Answer answer_of(const Words& words) {
    auto read = read_arguments(words, "1.2.3");
    const Answer* answer = std::get_if<Answer>(&read);
    return answer == nullptr ? Answer{-1, "it would run"} : *answer;
}

bool runs(const Words& words) {
    return std::holds_alternative<Invocation>(read_arguments(words, "1.2.3"));
}

TEST(Arguments, EveryCommandIsThere) {
    for (const Words& words :
         std::vector<Words>{{"index", "a"},
                            {"index", "a", "b", "--catalog", "c", "--no-work", "--json"},
                            {"search", "question", "--mode", "lexical", "--limit", "3", "--json"},
                            {"status"},
                            {"status", "c", "--watch", "--json"},
                            {"serve"},
                            {"worker"},
                            {"jobs", "list", "--status", "failed", "--json"},
                            {"jobs", "show", "1"},
                            {"jobs", "retry", "1", "2"},
                            {"jobs", "cancel", "1"},
                            {"jobs", "prune", "--older-than", "3d"},
                            {"catalogs", "list"},
                            {"catalogs", "show", "c"},
                            {"catalogs", "reembed", "c"},
                            {"catalogs", "clone", "c", "d"},
                            {"catalogs", "delete", "c"},
                            {"catalogs", "delete", "c", "--yes"},
                            {"specs", "list"},
                            {"specs", "show", "s", "--catalog", "c"},
                            {"specs", "reembed", "s"},
                            {"specs", "delete", "s"},
                            {"plugins", "list"},
                            {"plugins", "show", "p"},
                            {"plugins", "new", "provider", "p", "--into", "folder", "--json"},
                            {"plugins", "verify", "f.so", "--options", "a=1", "--options", "b=2", "--slow", "a=3"},
                            {"config", "check"},
                            {"config", "show"},
                            {"config", "schema"},
                            {"config", "reference"},
                            {"workers", "list", "--json"},
                            {"migrate", "up"},
                            {"migrate", "status", "--json"}}) {
        EXPECT_TRUE(runs(words)) << ::testing::PrintToString(words) << answer_of(words).text;
    }
}

TEST(Arguments, EveryLevelHasHelp) {
    for (const Words& words :
         std::vector<Words>{{"--help"}, {"index", "--help"}, {"jobs", "--help"}, {"jobs", "prune", "--help"}, {"-h"}}) {
        const Answer answer = answer_of(words);
        EXPECT_EQ(answer.exit_status, exit_done) << ::testing::PrintToString(words);
        EXPECT_THAT(answer.text, HasSubstr("--help"));
    }
    EXPECT_THAT(answer_of({"jobs", "prune", "--help"}).text, HasSubstr("--older-than"));
    EXPECT_THAT(answer_of({"jobs", "prune", "--help"}).text, HasSubstr("Usage: embedq jobs prune [OPTIONS]"));
    EXPECT_EQ(answer_of({"--version"}).text, "embedq 1.2.3\n");
}

TEST(Arguments, AnUnknownCommandNamesTheNearest) {
    const Answer answer = answer_of({"serch", "x"});
    EXPECT_EQ(answer.exit_status, exit_usage);
    EXPECT_EQ(answer.text, "embedq has no command 'serch', did you mean 'search'?; see embedq --help");
    EXPECT_THAT(answer_of({"jobs", "lits"}).text, HasSubstr("embedq jobs has no command 'lits', did you mean 'list'?"));
    EXPECT_THAT(answer_of({"search", "x", "--limt", "3"}).text, HasSubstr("'--limt', did you mean '--limit'?"));
    EXPECT_THAT(answer_of({"status", "a", "b"}).text, HasSubstr("'b' is one argument too many"));
}

TEST(Arguments, WrongUsageIsExitStatus2) {
    for (const Words& words : std::vector<Words>{{},
                                                 {"jobs"},
                                                 {"index"},
                                                 {"search"},
                                                 {"search", "x", "--limit", "0"},
                                                 {"search", "x", "--limit", "501"},
                                                 {"search", "x", "--limit", "many"},
                                                 {"search", "x", "--mode", "fuzzy"},
                                                 {"jobs", "show", "x"},
                                                 {"jobs", "list", "--status", "done"},
                                                 {"jobs", "prune", "--older-than", "3"},
                                                 {"--json"},
                                                 {"serve", "--json"}}) {
        EXPECT_EQ(answer_of(words).exit_status, exit_usage) << ::testing::PrintToString(words) << answer_of(words).text;
    }
    EXPECT_THAT(answer_of({"search", "x", "--mode", "hybird"}).text, HasSubstr("did you mean 'hybrid'?"));
}

TEST(Arguments, JobNumbersAreReadStrictly) {
    for (const std::string wrong :
         {"abc", "0", "1.5", "0x10", "+3", "", "99999999999999999999999", "9223372036854775808"}) {
        for (const Words& words : std::vector<Words>{{"jobs", "show", wrong},
                                                     {"jobs", "retry", "1", wrong},
                                                     {"jobs", "cancel", wrong},
                                                     {"jobs", "list", "--cursor", wrong}}) {
            const Answer answer = answer_of(words);
            EXPECT_EQ(answer.exit_status, exit_usage) << ::testing::PrintToString(words);
            EXPECT_THAT(answer.text, HasSubstr("expected a whole number from 1 to 9223372036854775807"))
                << ::testing::PrintToString(words);
        }
    }
    EXPECT_THAT(answer_of({"jobs", "show", "abc"}).text, HasSubstr("'abc' is not a job number"));
    EXPECT_THAT(answer_of({"search", "x", "--limit", "many"}).text,
                HasSubstr("found 'many', expected a whole number from 1 to 500"));
    EXPECT_TRUE(runs({"jobs", "show", "9223372036854775807"}));
}

TEST(Arguments, JobNumbersReachTheCommand) {
    testing::Stage stage;
    const auto read = read_arguments(Words{"jobs", "retry", "010", "9"}, "1");
    ASSERT_TRUE(std::holds_alternative<Invocation>(read));
    EXPECT_EQ(std::get<Invocation>(read).run(stage.context), exit_done);
    EXPECT_EQ(stage.world.engine.retried, (std::vector<JobId>{10, 9}));
}

TEST(Arguments, TheConfigOptionMayStandAnywhere) {
    for (const Words& words : std::vector<Words>{{"--config", "f", "status"}, {"status", "--config", "f"}}) {
        const auto read = read_arguments(words, "1");
        ASSERT_TRUE(std::holds_alternative<Invocation>(read));
        EXPECT_EQ(std::get<Invocation>(read).config, "f");
    }
    ::setenv("EMBEDQ_CONFIG", "from-env", 1);
    const auto from_environment = read_arguments(Words{"status"}, "1");
    const auto over_it = read_arguments(Words{"status", "--config", "f"}, "1");
    ::unsetenv("EMBEDQ_CONFIG");
    EXPECT_EQ(std::get<Invocation>(from_environment).config, "from-env");
    EXPECT_EQ(std::get<Invocation>(over_it).config, "f");
}

TEST(Arguments, ArgumentsReachTheCommand) {
    testing::Stage stage(true);
    const auto read = read_arguments(
        Words{"search", "find pets", "--catalog", "c", "--mode", "semantic", "--limit", "7", "--json"}, "1");
    ASSERT_TRUE(std::holds_alternative<Invocation>(read));
    EXPECT_EQ(std::get<Invocation>(read).run(stage.context), exit_done);
    const SearchRequest& request = stage.world.engine.last_search;
    EXPECT_EQ(request.query, "find pets");
    EXPECT_EQ(request.catalog_id, "c");
    EXPECT_EQ(request.mode, RankingMode::semantic);
    EXPECT_EQ(request.limit, 7);
}

}  // namespace
}  // namespace embedq::cli

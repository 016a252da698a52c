#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

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

// Words for everything that a command requires, with one for each optional place, too.
Words words_of(const CommandDescription& command) {
    static const std::map<std::string, std::string> samples{{"JOB", "1"}, {"KIND", "provider"}};
    Words words;
    for (const auto& word : command.words) {
        const auto sample = samples.find(word.name);
        // The name of a command is a word like any other.
        words.push_back(sample == samples.end() ? "jobs" : sample->second);
    }
    return words;
}

std::vector<CommandDescription> all_that_run() {
    auto commands = all_commands();
    std::erase_if(commands, [](const CommandDescription& each) { return !each.runs; });
    return commands;
}

Words joined(const Words& a, const Words& b, const Words& c = {}) {
    Words all = a;
    all.insert(all.end(), b.begin(), b.end());
    all.insert(all.end(), c.begin(), c.end());
    return all;
}

std::string path_text(const CommandDescription& command) {
    std::string text;
    for (const std::string& word : command.path) text += (text.empty() ? "" : " ") + word;
    return text;
}

bool is_help(const CommandDescription& command) {
    return command.path.front() == "help";
}

bool has_option(const CommandDescription& command, const std::string& name) {
    return std::ranges::find(command.options, name, &CommandDescription::Option::name) != command.options.end();
}

TEST(EveryCommand, RunsWithItsWordsAlsoBehindTheMarkThatEndsOptions) {
    const auto commands = all_that_run();
    ASSERT_GT(commands.size(), 25U);
    for (const CommandDescription& command : commands) {
        if (is_help(command)) continue;
        const Words words = joined(command.path, words_of(command));
        EXPECT_TRUE(runs(words)) << ::testing::PrintToString(words) << answer_of(words).text;
        if (command.words.empty()) continue;
        const Words marked = joined(command.path, {"--"}, words_of(command));
        EXPECT_TRUE(runs(marked)) << ::testing::PrintToString(marked) << answer_of(marked).text;
    }
}

TEST(EveryCommand, TakesTheCommonOptionsBehindAnyWord) {
    for (const CommandDescription& command : all_that_run()) {
        if (is_help(command)) continue;
        const Words plain = joined(command.path, words_of(command));
        for (std::size_t at = 0; at <= plain.size(); ++at) {
            Words words = plain;
            Words options{"--config", "f", "--quiet", "--log-level", "debug", "--json"};
            // It hands its own --json, which names a file, to the conformance kit.
            const bool verifies = command.path == Words{"plugins", "verify"};
            if (verifies && at >= command.path.size()) options.pop_back();
            words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), options.begin(), options.end());
            const auto read = read_arguments(words, "1");
            const Invocation* invocation = std::get_if<Invocation>(&read);
            ASSERT_NE(invocation, nullptr) << ::testing::PrintToString(words) << answer_of(words).text;
            EXPECT_EQ(invocation->config, "f") << ::testing::PrintToString(words);
            EXPECT_TRUE(invocation->quiet) << ::testing::PrintToString(words);
            EXPECT_EQ(invocation->log_level, LogLevel::debug) << ::testing::PrintToString(words);
            EXPECT_TRUE(invocation->json || options.back() != "--json") << ::testing::PrintToString(words);
        }
    }
}

TEST(EveryCommand, NamesACatalogAndASpecInOneWay) {
    for (const CommandDescription& command : all_commands()) {
        for (const auto& word : command.words) {
            if (word.name == "CATALOG" || word.name == "SOURCE") {
                EXPECT_TRUE(has_option(command, "--catalog")) << ::testing::PrintToString(command.path);
            }
            if (word.name == "SPEC") {
                EXPECT_TRUE(has_option(command, "--spec")) << ::testing::PrintToString(command.path);
            }
        }
        if (has_option(command, "--spec")) {
            EXPECT_TRUE(has_option(command, "--catalog")) << ::testing::PrintToString(command.path);
        }
    }
}

TEST(EveryCommand, HasHelpInThreeWays) {
    for (const CommandDescription& command : all_commands()) {
        const Answer help = answer_of(joined(command.path, {"--help"}));
        EXPECT_EQ(help.exit_status, exit_done) << ::testing::PrintToString(command.path);
        EXPECT_THAT(help.text, HasSubstr("Usage: embedq " + path_text(command) + " ["));
        EXPECT_EQ(answer_of(joined({"help"}, command.path)).text, help.text);
    }
    EXPECT_EQ(answer_of({"help"}).text, answer_of({"--help"}).text);
    EXPECT_EQ(answer_of({"help", "jbs"}).exit_status, exit_usage);
    EXPECT_THAT(answer_of({"help", "jbs"}).text, HasSubstr("did you mean 'jobs'?"));
}

TEST(EveryCommand, NoErrorSuggestsWhatWasWritten) {
    for (const CommandDescription& command : all_that_run()) {
        for (const auto& option : command.options) {
            // Where the option is not known, or lacks its value.
            Words words = command.path;
            words.insert(words.end() - 1, option.name);
            const std::string text = answer_of(words).text;
            EXPECT_EQ(text.find("did you mean '" + option.name + "'"), std::string::npos)
                << ::testing::PrintToString(words) << text;
        }
    }
}

TEST(Arguments, WordsFillThePlacesThatNoOptionNames) {
    for (const Words& words : std::vector<Words>{{"specs", "refresh", "c", "s"},
                                                 {"specs", "refresh", "--catalog", "c", "s"},
                                                 {"specs", "refresh", "s", "--catalog", "c"},
                                                 {"specs", "refresh", "c", "--spec", "s"},
                                                 {"specs", "refresh", "--spec", "s", "--catalog", "c"}}) {
        testing::Stage stage;
        const auto read = read_arguments(words, "1");
        ASSERT_TRUE(std::holds_alternative<Invocation>(read)) << ::testing::PrintToString(words);
        EXPECT_EQ(std::get<Invocation>(read).run(stage.context), exit_failed);
        EXPECT_THAT(stage.err.str(), HasSubstr("'c'")) << ::testing::PrintToString(words);
    }
    EXPECT_THAT(answer_of({"specs", "refresh", "--catalog", "c", "s", "t"}).text, HasSubstr("unexpected argument 't'"));
    EXPECT_THAT(answer_of({"catalogs", "show"}).text, HasSubstr("CATALOG is missing; write it, or --catalog ID"));
    EXPECT_THAT(answer_of({"catalogs", "clone", "--to", "b"}).text, HasSubstr("SOURCE is missing"));
}

TEST(Arguments, BehindTheMarkNothingIsAnOption) {
    testing::Stage stage(true);
    const auto read = read_arguments(Words{"search", "--json", "--", "-delete carts"}, "1");
    ASSERT_TRUE(std::holds_alternative<Invocation>(read));
    EXPECT_EQ(std::get<Invocation>(read).run(stage.context), exit_done);
    EXPECT_EQ(stage.world.engine.last_search.query, "-delete carts");
    EXPECT_THAT(answer_of({"search", "--", "-delete", "--limit"}).text,
                HasSubstr("unexpected argument '--limit': behind -- nothing is an option"));
    EXPECT_THAT(answer_of({"search", "-delete carts"}).text, HasSubstr("write -- before words that begin with '-'"));
}

TEST(EveryCommand, TakesNoOptionBehindTheMarkAlsoWithoutArguments) {
    for (const CommandDescription& command : all_that_run()) {
        if (is_help(command)) continue;
        for (const Words& more : {Words{"--json"}, Words{"--config", "f"}}) {
            // More than any command takes, but those that take any number.
            const Words words = joined(joined(command.path, words_of(command)), joined({"--"}, more));
            const auto read = read_arguments(words, "1");
            if (const auto* const invocation = std::get_if<Invocation>(&read)) {
                EXPECT_FALSE(invocation->json) << ::testing::PrintToString(words);
                EXPECT_TRUE(invocation->config.empty()) << ::testing::PrintToString(words);
            } else {
                EXPECT_EQ(std::get<Answer>(read).exit_status, exit_usage) << ::testing::PrintToString(words);
                EXPECT_THAT(std::get<Answer>(read).text, ::testing::Not(HasSubstr("has no option")));
            }
        }
    }
    EXPECT_THAT(answer_of({"search", "carts", "--", "--json"}).text,
                HasSubstr("unexpected argument '--json': behind -- nothing is an option; see embedq search --help"));
    EXPECT_THAT(answer_of({"doctor", "--", "-x"}).text, HasSubstr("unexpected argument '-x': behind -- nothing"));
}

TEST(Arguments, TheVersionIsAnAnswer) {
    testing::Stage stage;
    const auto read = read_arguments(Words{"version"}, "1.2.3");
    ASSERT_TRUE(std::holds_alternative<Invocation>(read));
    EXPECT_EQ(std::get<Invocation>(read).run(stage.context), exit_done);
    EXPECT_EQ(stage.out.str(), "embedq 1.2.3\n");
}

TEST(Arguments, JsonOfAServiceIsItsLog) {
    const auto service = read_arguments(Words{"worker", "--json"}, "1");
    const auto command = read_arguments(Words{"status", "--json"}, "1");
    EXPECT_TRUE(std::get<Invocation>(service).json_logs);
    EXPECT_FALSE(std::get<Invocation>(command).json_logs);
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
    EXPECT_THAT(answer_of({"status", "a", "b"}).text, HasSubstr("unexpected argument 'b'"));
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
                                                 {"status", "--log-level", "loud"}}) {
        EXPECT_EQ(answer_of(words).exit_status, exit_usage) << ::testing::PrintToString(words) << answer_of(words).text;
    }
    EXPECT_THAT(answer_of({"search"}).text, HasSubstr("QUESTION is required"));
    EXPECT_THAT(answer_of({"search", "x", "--mode", "hybird"}).text, HasSubstr("did you mean 'hybrid'?"));
}

TEST(Arguments, IndexTakesNoTimeLimitWhereItDoesNotWait) {
    for (const std::string option : {"--check", "--watch"}) {
        const auto answer = answer_of({"index", "apis", "--timeout", "1m", option});
        EXPECT_EQ(answer.exit_status, exit_usage);
        EXPECT_THAT(answer.text, HasSubstr(option + " excludes --timeout"));
    }
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

// `plugins new`, `verify` and `show`, with a template and a kit made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/new_project.h"
#include "cli/present.h"
#include "fake_engine.h"
#include "folder.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::Folder;
using ::testing::HasSubstr;
using testing::Stage;

std::string text_of(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

class NewProjectTest : public ::testing::Test {
protected:
    NewProjectTest() {
        folder.write("template/provider/your_name.cpp", "class YourNameProvider; // your_name, your_name\n");
        folder.write("template/provider/inner/your_name.yaml", "plugin: your_name\n");
        stage.context.layout.templates = folder.path() / "template";
    }

    int make(const std::string& kind, const std::string& name, const fs::path& into) {
        return run_plugins_new(stage.context, {kind, name, into.string()});
    }

    Folder folder;
    Stage stage;
};

TEST_F(NewProjectTest, CopiesTheTemplateUnderTheNewName) {
    const fs::path into = folder.path() / "a" / "b";
    ASSERT_EQ(make("provider", "word_count", into), exit_done) << stage.err.str();
    EXPECT_EQ(text_of(into / "word_count.cpp"), "class WordCountProvider; // word_count, word_count\n");
    EXPECT_EQ(text_of(into / "inner" / "word_count.yaml"), "plugin: word_count\n");
    EXPECT_THAT(stage.out.str(), HasSubstr("2 files"));
    EXPECT_THAT(stage.out.str(), HasSubstr("cd " + into.string() + "\n"));
    EXPECT_THAT(stage.out.str(), HasSubstr("ctest --test-dir build"));
}

TEST_F(NewProjectTest, ANameThatContainsThePlaceholderIsReplacedOnce) {
    const fs::path into = folder.path() / "p";
    ASSERT_EQ(make("provider", "your_name_2", into), exit_done);
    EXPECT_EQ(text_of(into / "your_name_2.cpp"), "class YourName2Provider; // your_name_2, your_name_2\n");
}

TEST_F(NewProjectTest, TheCommandsAreSafeToPaste) {
    ASSERT_EQ(make("provider", "acme", folder.path() / "it's here"), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("it'\\''s here'\n"));
}

TEST_F(NewProjectTest, ReportsThatThisEmbedqIsNotInstalled) {
    ASSERT_EQ(make("provider", "acme", folder.path() / "p"), exit_done);
    EXPECT_THAT(stage.err.str(), HasSubstr("not installed"));
}

TEST_F(NewProjectTest, AnExistingFolderIsNotTouched) {
    folder.write("p/mine.txt", "mine");
    EXPECT_EQ(make("provider", "acme", folder.path() / "p"), exit_usage);
    EXPECT_THAT(stage.err.str(), HasSubstr("exists already"));
    EXPECT_EQ(text_of(folder.path() / "p" / "mine.txt"), "mine");
    EXPECT_FALSE(fs::exists(folder.path() / "p" / "acme.cpp"));
}

TEST_F(NewProjectTest, AnUnknownKindNamesTheNearest) {
    EXPECT_EQ(make("providr", "acme", folder.path() / "p"), exit_usage);
    EXPECT_EQ(stage.err.str(),
              "embedq: 'providr' is not a kind of plugin, expected store, provider, notifier, service; did you mean "
              "'provider'?\n");
    EXPECT_FALSE(fs::exists(folder.path() / "p"));
}

TEST_F(NewProjectTest, AnInvalidNameGetsAValidSuggestion) {
    const auto refusal = [&](const std::string& name) {
        stage.err.str("");
        EXPECT_EQ(make("provider", name, folder.path() / "p"), exit_usage) << name;
        return stage.err.str();
    };
    EXPECT_THAT(refusal("My-Model"), HasSubstr("such as 'my_model'"));
    EXPECT_THAT(refusal("2fast"), HasSubstr("such as 'fast'"));
    EXPECT_THAT(refusal("../up"), HasSubstr("'../up' is not a valid plugin name"));
    EXPECT_THAT(refusal("été"), HasSubstr("such as 't'"));
    EXPECT_THAT(refusal(std::string(65, 'a')), HasSubstr("up to 64"));
    EXPECT_THAT(refusal("_"), ::testing::Not(HasSubstr("such as")));
    EXPECT_FALSE(fs::exists(folder.path() / "p"));
}

TEST_F(NewProjectTest, AMissingTemplateIsReportedWithAHint) {
    EXPECT_EQ(make("store", "acme", folder.path() / "p"), exit_usage);
    EXPECT_THAT(stage.err.str(),
                HasSubstr("the template does not exist at '" + (folder.path() / "template" / "store").string()));
    EXPECT_THAT(stage.err.str(), HasSubstr("cmake --install"));
}

TEST_F(NewProjectTest, AFailedCopyIsRemoved) {
    fs::create_symlink("nowhere", folder.path() / "template" / "provider" / "broken.txt");
    EXPECT_EQ(make("provider", "acme", folder.path() / "p"), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("broken.txt"));
    EXPECT_FALSE(fs::exists(folder.path() / "p"));
}

TEST_F(NewProjectTest, JsonListsTheFiles) {
    stage.context.json = true;
    ASSERT_EQ(make("provider", "acme", folder.path() / "p"), exit_done);
    const Json json = Json::parse(stage.out.str());
    EXPECT_EQ(json["files"], (Json{"acme.cpp", "inner/acme.yaml"}));
}

class VerifyTest : public ::testing::Test {
protected:
    VerifyTest() {
        folder.write("embedq-conformance", "");
        stage.context.layout.conformance = folder.path() / "embedq-conformance";
        stage.context.exec = [this](const std::vector<std::string>& words) {
            executed = words;
            return "the test says no";
        };
    }

    int run(const std::vector<std::string>& words) {
        return std::get<Invocation>(read_arguments(words, "1.2.3")).run(stage.context);
    }

    Folder folder;
    Stage stage;
    std::vector<std::string> executed;
};

TEST_F(VerifyTest, PassesItsArgumentsToTheKit) {
    run({"plugins", "verify", "f.so", "--options", "a=1", "--options", "b=x=y", "--slow", "a=3", "--refusing",
         "r=refuse this", "--cases", "acme/*", "--verbose", "--json", "out.json"});
    EXPECT_THAT(executed, ElementsAre(stage.context.layout.conformance.string(), "--plugin", "f.so", "--options", "a=1",
                                      "--options", "b=x=y", "--slow", "a=3", "--refusing", "r=refuse this", "--cases",
                                      "acme/*", "--json", "out.json", "--verbose"));
}

TEST_F(VerifyTest, AKitThatCannotRunIsAFailure) {
    EXPECT_EQ(run({"plugins", "verify", "f.so"}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("the test says no"));
}

TEST_F(VerifyTest, ARefusedFileIsReportedWithTheLoadersError) {
    stage.world.plugin_refusal = Failure{exit_usage, {"plugin file 'f.so' is not an ELF file"}};
    EXPECT_EQ(run({"plugins", "verify", "f.so"}), exit_usage);
    EXPECT_EQ(stage.err.str(), "embedq: plugin file 'f.so' is not an ELF file\n");
    EXPECT_TRUE(executed.empty());
}

TEST_F(VerifyTest, AMissingKitIsReportedWithItsPath) {
    stage.context.layout.conformance = folder.path() / "nowhere";
    EXPECT_EQ(run({"plugins", "verify", "f.so"}), exit_usage);
    EXPECT_THAT(stage.err.str(), HasSubstr((folder.path() / "nowhere").string()));
    EXPECT_THAT(stage.err.str(), HasSubstr("cmake --install"));
    EXPECT_TRUE(executed.empty());
}

TEST_F(VerifyTest, OptionsHaveTheFormNameAndValue) {
    const auto read =
        read_arguments(std::vector<std::string>{"plugins", "verify", "f.so", "--options", "dimension"}, "1.2.3");
    EXPECT_THAT(std::get<Answer>(read).text, HasSubstr("found 'dimension', expected NAME=VALUE"));
}

PluginDescription described() {
    PluginDescription plugin{"provider", "acme", "0.1.0", "Counts words", "/srv/plugins/libembedq_provider_acme.so",
                             {}};
    plugin.build_tag = "g++-12 and more";
    OptionDescription dimension{"dimension", "integer", "256", "Numbers per vector"};
    dimension.minimum = "8";
    dimension.maximum = "4096";
    OptionDescription form{"form", "text", "", "How it answers", true, true};
    form.choices = {"float", "base64"};
    plugin.options = {dimension, form};
    return plugin;
}

TEST(PluginsShow, PrintsOriginTagRangesAndChoices) {
    Stage stage;
    stage.world.plugins.plugins.push_back(described());
    ASSERT_EQ(run_plugins_show(stage.context, "acme"), exit_done);
    for (const char* part :
         {"provider acme 0.1.0", "/srv/plugins/libembedq_provider_acme.so", "from       plugins.paths",
          "g++-12 and more", "8 to 4096", "float, base64", "required", "How it answers (secret)"}) {
        EXPECT_THAT(stage.out.str(), HasSubstr(part));
    }
}

TEST(PluginsShow, JsonHasTheShapeForScripts) {
    Stage stage(true);
    stage.world.plugins.plugins.push_back(described());
    ASSERT_EQ(run_plugins_show(stage.context, "acme"), exit_done);
    EXPECT_EQ(stage.out.str(),
              R"({"plugins":[{"kind":"provider","name":"acme","version":"0.1.0","summary":"Counts words",)"
              R"("file":"/srv/plugins/libembedq_provider_acme.so","built_in":false,"build_tag":"g++-12 and more",)"
              R"("options":[{"name":"dimension","type":"integer","required":false,"secret":false,"default":"256",)"
              R"("minimum":"8","maximum":"4096","help":"Numbers per vector"},)"
              R"({"name":"form","type":"text","required":true,"secret":true,"choices":["float","base64"],)"
              R"("help":"How it answers"}]}]})"
              "\n");
}

TEST(PluginsList, PrintsWhereEachComesFrom) {
    Stage stage;
    stage.world.plugins.plugins.push_back(described());
    stage.world.plugins.plugins.push_back({"store", "sqlite", "1", "A file", "/p/libembedq_store_sqlite.so", {}, true});
    ASSERT_EQ(run_plugins_list(stage.context), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("/srv/plugins"));
    EXPECT_THAT(stage.out.str(), HasSubstr("built in"));
}

}  // namespace
}  // namespace embedq::cli

// Secrets: where they may come from, and that no output of this library contains one.
#include <gmock/gmock.h>

#include "config/text.h"
#include "fakes.h"

namespace embedq::config::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LoadResult load_in(const TemporaryFolder& folder, const std::string& yaml, const Environment& env = environment()) {
    FakeTables tables;
    return load(Source::text(yaml, "c.yaml", folder.path()), tables, env);
}

std::string with_options(const std::string& options) {
    return "version: 1\nproviders: { ai: { plugin: openai, options: { model: m, " + options + " } } }\n";
}

TEST(Secrets, ComeFromFilesWithoutTheTrailingNewline) {
    const TemporaryFolder folder;
    folder.write("key", "sk-one\n");
    folder.write("windows", "sk-two\r\n");
    const auto header = folder.write("header", "Bearer x\n\n");
    const auto loaded = load_in(folder,
                                with_options("api_key: { file: key }, keys: [{ file: windows }, { file: \"${K}\" }], "
                                             "headers: { Authorization: { file: " +
                                             header.string() + " } }"),
                                environment({{"HOME", "/h"}, {"K", "key"}}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(diagnostics(loaded), "");
    const Options& o = loaded->configuration.providers.at("ai").instance.options;
    EXPECT_EQ(o.get<std::string>("api_key"), "sk-one");
    EXPECT_EQ(o.get<std::vector<std::string>>("keys"), (std::vector<std::string>{"sk-two", "sk-one"}));
    EXPECT_EQ((o.get<std::map<std::string, std::string>>("headers").at("Authorization")), "Bearer x\n");
}

TEST(Secrets, OneFileIsAListOfOne) {
    const TemporaryFolder folder;
    folder.write("key", "sk-one");
    const auto loaded = load_in(folder, with_options("keys: { file: key }"));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(loaded->configuration.providers.at("ai").instance.options.get<std::vector<std::string>>("keys"),
              std::vector<std::string>{"sk-one"});
}

TEST(Secrets, FilesWithoutASecretAreErrors) {
    const TemporaryFolder folder;
    folder.write("empty", "\n");
    folder.write("binary", std::string_view("\0\1", 2));
    folder.write("latin", "caf\xE9");
    folder.write("long", std::string(70'000, 'x'));
    const auto fault = [&](const std::string& file) {
        return diagnostics(load_in(folder, with_options("api_key: { file: " + file + " }")));
    };
    const std::string place =
        "c.yaml:2:74: error: providers.ai.options.api_key: the secret's file '" + folder.path().string();
    EXPECT_EQ(fault("empty"), place + "/empty' is empty, expected a secret in it\n");
    EXPECT_EQ(diagnostics(load_in(folder, with_options("api_key: { file: \"\" }"))),
              "c.yaml:2:74: error: providers.ai.options.api_key.file: found an empty text, expected a path\n");
    EXPECT_EQ(fault("none"), place + "/none' does not exist\n");
    EXPECT_EQ(fault("."), place + "/' is a folder, expected a file\n");
    EXPECT_EQ(fault("long"), place + "/long' is longer than 64 KiB\n");
    const std::string whole =
        "c.yaml:2:66: error: providers.ai.options.api_key: found <hidden>, which is not UTF-8 text or contains a zero "
        "byte\n";
    EXPECT_EQ(fault("binary"), whole);
    EXPECT_EQ(fault("latin"), whole);
}

TEST(Secrets, WrittenOutAreAcceptedWithAWarning) {
    const auto loaded =
        load_text(with_options("api_key: hunter2, headers: { Key: \"${X:-hunter2}\", B: \"\" }, keys: [\"${HOME}\"]"));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(
        diagnostics(loaded),
        "c.yaml:2:66: warning: providers.ai.options.api_key: the secret is written out here; take it from the "
        "environment "
        "(\"${NAME}\") or from "
        "a file ({ file: PATH })\n"
        "c.yaml:2:91: warning: providers.ai.options.headers.Key: the secret is written out here; take it from the "
        "environment "
        "(\"${NAME}\") or "
        "from a file ({ file: PATH })\n");
    EXPECT_EQ(loaded->configuration.providers.at("ai").instance.options.get<std::string>("api_key"), "hunter2");
}

TEST(Secrets, WhatIsPlainlyNoneIsNotCalledOne) {
    const auto warnings = [](const std::string& options) { return diagnostics(load_text(with_options(options))); };
    for (const char* plain : {
             "headers: { X-Title: embedq, Accept: application/json, X-Team: search }",
             "headers: { OpenAI-Organization: org-a1b2c3d4e5f6g7h8 }",
             "api_key: \"http://proxy:3128\"",
             "api_key: socks5h://proxy.example:1080/",
             "api_key: none",
         })
        EXPECT_EQ(warnings(plain), "") << plain;
    for (const char* secret : {
             "headers: { X-Api-Key: a }",
             "headers: { authorization: Bearer x }",
             "headers: { X-Team: a1b2c3d4e5f6g7h8 }",
             "api_key: \"http://u:p@proxy:3128\"",
             "api_key: https://hooks.example/services/T0/B0",
             "api_key: abc",
         })
        EXPECT_THAT(warnings(secret), HasSubstr("the secret is written out here")) << secret;
}

TEST(Secrets, AnAddressWithoutAPasswordIsShown) {
    const auto shown = [](const std::string& key) {
        FakeTables tables;
        const auto loaded = load_text(with_options("api_key: \"" + key + "\""));
        return loaded ? show(loaded->configuration, tables) : diagnostics(loaded);
    };
    EXPECT_THAT(shown("http://proxy:3128"), HasSubstr("api_key: \"http://proxy:3128\"\n"));
    EXPECT_THAT(shown("none"), HasSubstr("api_key: none\n"));
    EXPECT_THAT(shown("http://u:p@proxy:3128"), HasSubstr("api_key: \"<hidden>\"\n"));
    EXPECT_THAT(shown("https://hooks.example/services/T0/B0"), HasSubstr("api_key: \"<hidden>\"\n"));
}

// However a secret is written, correctly or not, it must not be in a diagnostic or in what is shown.
TEST(Secrets, NeverLeak) {
    const TemporaryFolder folder;
    folder.write("secret", "hunter2");
    folder.write("many", "hunter2\nhunter2\n");
    const auto env = environment({{"HOME", "/h"}, {"SECRET", "hunter2"}});
    const char* const options[] = {
        "api_key: hunter2",
        "api_key: \"${SECRET}\"",
        "api_key: { file: secret }",
        "api_key: { file: many }",
        "api_key: [hunter2]",
        "api_key: { flie: secret, hunter: hunter2 }",
        "api_key: \"hunter2 ${\"",
        "api_key: \"${hunter2 x}\"",
        "api_key: \"${UNSET}hunter2\"",
        "api_key: \"hunter2\\0\"",
        "pin: hunter2",
        "pin: \"${SECRET}\"",
        "pin: { file: secret }",
        "pin: [hunter2]",
        "keys: hunter2",
        "keys: [hunter2, \"${SECRET}\", { file: secret }]",
        "keys: [[hunter2]]",
        "headers: hunter2",
        "headers: { A: hunter2, B: \"${SECRET}\", C: { file: secret } }",
        "headers: { A: [hunter2] }",
        "api_kye: hunter2",
        "base_url: \"https://ada:hunter2@host/v1?password=hunter2&x=y\"",
        "endpoints: [\"https://ada:hunter2@host\"]",
        "query: { dsn: \"host=h password='hunter2 hunter2' user=u\" }",
        "timeout: \"https://ada:hunter2@host\"",
        "api_key: hunter2, api_key: hunter2",
    };
    FakeTables tables;
    for (const char* option : options) {
        const auto loaded = load_in(folder, with_options(option), env);
        EXPECT_THAT(diagnostics(loaded), Not(HasSubstr("hunter2"))) << option;
        if (loaded) {
            EXPECT_THAT(show(loaded->configuration, tables), Not(HasSubstr("hunter2"))) << option;
        }
    }
}

TEST(Secrets, AreHiddenByShowInTheirShape) {
    const auto loaded =
        load_text(with_options("api_key: \"${HOME}\", pin: \"${PIN}\", keys: [\"${HOME}\", \"${HOME}\"], headers: { "
                               "Authorization: \"${HOME}\" }, base_url: \"https://ada:pw@h/v1\""),
                  environment({{"HOME", "/h"}, {"PIN", "1234"}}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    FakeTables tables;
    const std::string page = show(loaded->configuration, tables);
    EXPECT_THAT(page, HasSubstr("api_key: \"<hidden>\"\n"));
    EXPECT_THAT(page, HasSubstr("pin: \"<hidden>\"\n"));
    EXPECT_THAT(page, HasSubstr("keys: [\"<hidden>\", \"<hidden>\"]\n"));
    EXPECT_THAT(page, HasSubstr("headers: { \"Authorization\": \"<hidden>\" }\n"));
    EXPECT_THAT(page, HasSubstr("base_url: \"https://ada:<hidden>@h/v1\"\n"));
}

TEST(Secrets, StayHiddenWhenThePluginIsGone) {
    auto loaded = load_text("version: 1\nstore: { plugin: postgres, options: { url: \"${DB}\" } }\n",
                            environment({{"DB", "hunter2"}}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    loaded->configuration.store.plugin = "uninstalled";
    FakeTables tables;
    const std::string page = show(loaded->configuration, tables);
    EXPECT_THAT(page, Not(HasSubstr("hunter2")));
    EXPECT_THAT(page, HasSubstr("url: \"<hidden>\"\n"));
}

TEST(Secrets, ParseErrorsHideThem) {
    const OptionSpec pin = {
        .name = "pin", .type = OptionType::integer, .secret = true, .minimum = 1000, .maximum = 9999};
    EXPECT_EQ(to_string(parse_option(pin, "hunter2").error()),
              "option 'pin': found <hidden>, expected an integer between 1000 and 9999");
    const OptionSpec mode = {.name = "mode", .type = OptionType::text, .secret = true, .choices = "hunter3|b"};
    EXPECT_EQ(to_string(parse_option(mode, "hunter2").error()),
              "option 'mode': found <hidden>, expected one of hunter3, b");
}

TEST(HideCredentials, FindsThemInAnyText) {
    EXPECT_EQ(hide_credentials("postgres://ada:pw@h:5432/d?password=pw&x=1"),
              "postgres://ada:<hidden>@h:5432/d?password=<hidden>&x=1");
    EXPECT_EQ(hide_credentials("a http://u:p@x b https://v:q@y:1/z"),
              "a http://u:<hidden>@x b https://v:<hidden>@y:1/z");
    EXPECT_EQ(hide_credentials("http://u:p@q@x/"), "http://u:<hidden>@x/");
    EXPECT_EQ(hide_credentials("http://h:80/a:b@c"), "http://h:80/a:b@c");
    EXPECT_EQ(hide_credentials("http://u@h/"), "http://u@h/");
    EXPECT_EQ(hide_credentials("host=h PASSWORD='a b' user=u"), "host=h PASSWORD=<hidden> user=u");
    EXPECT_EQ(hide_credentials("plain"), "plain");
    EXPECT_EQ(hide_credentials(""), "");
}

}  // namespace
}  // namespace embedq::config::testing

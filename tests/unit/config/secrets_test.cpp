// Secrets: where they may come from, and that no output of this library contains one.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "config/secrets.h"
#include "config/text.h"
#include "fakes.h"

namespace embedq::config::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
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

// Nobody writes to them, so reading them would wait for ever.
TEST(Secrets, PipesAndDevicesAreNotWaitedFor) {
    const TemporaryFolder folder;
    ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
    for (const std::string file : {"pipe", "/dev/zero", "/dev/tty"}) {
        EXPECT_THAT(
            diagnostics(load_in(folder, with_options("api_key: { file: " + file + " }"))),
            AnyOf(HasSubstr("is a pipe, a socket or a device, expected a file"), HasSubstr("cannot be reached")))
            << file;
    }
    EXPECT_THAT(Source::file(folder.path() / "pipe").read().error().message, HasSubstr("is a pipe"));
}

// A configuration in a file that only this user may write to.
class Commands : public ::testing::Test {
protected:
    LoadResult load_options(const std::string& options, const Environment& env = environment()) {
        const auto file = folder.write("c.yaml", with_options(options));
        ::chmod(file.c_str(), mode);
        return load(Source::file(file), tables, env);
    }
    PluginInstance loaded(const std::string& options) {
        const auto result = load_options(options);
        if (!result) ADD_FAILURE() << diagnostics(result);
        return result ? result->configuration.providers.at("ai").instance : PluginInstance{};
    }
    // The only fault, without its place.
    std::string fault(const std::string& options) {
        const std::string all = diagnostics(load_options(options));
        const auto start = all.find("providers.ai.options.");
        return start == std::string::npos ? all : all.substr(start, all.size() - start - 1);
    }

    TemporaryFolder folder;
    FakeTables tables;
    ::mode_t mode = 0600;
};

TEST_F(Commands, AreRunWhenASecretIsUsedAndNotBefore) {
    const auto ai = loaded("api_key: { command: [/bin/sh, -c, 'echo ran >> runs; echo sk-one'] }");
    EXPECT_TRUE(needs_command(ai));
    EXPECT_FALSE(ai.options.has("api_key"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "runs"));
    const auto options = options_with_secrets(ai);
    ASSERT_TRUE(options) << to_string(options.error());
    EXPECT_EQ(options->get<std::string>("api_key"), "sk-one");
    EXPECT_EQ(options->get<std::string>("model"), "m");
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "runs"));
}

TEST_F(Commands, MayGiveEveryFormOfASecret) {
    const auto options = options_with_secrets(
        loaded("keys: [\"${HOME}\", { command: [echo, two] }], headers: { A: { command: [echo, a] }, B: \"${HOME}\" }, "
               "pin: { command: [echo, 1234] }"));
    ASSERT_TRUE(options) << to_string(options.error());
    EXPECT_EQ(options->get<std::vector<std::string>>("keys"), (std::vector<std::string>{"/home/ada", "two"}));
    EXPECT_EQ((options->get<std::map<std::string, std::string>>("headers")),
              (std::map<std::string, std::string>{{"A", "a"}, {"B", "/home/ada"}}));
    EXPECT_EQ(options->get<std::int64_t>("pin"), 1234);
}

TEST_F(Commands, AreHiddenByShow) {
    const auto result = load_options("api_key: { command: [echo, hunter2] }, keys: [{ command: [echo, hunter2] }]");
    ASSERT_TRUE(result) << diagnostics(result);
    const std::string page = show(result->configuration, tables);
    EXPECT_THAT(page, HasSubstr("api_key: \"<hidden>\"\n"));
    EXPECT_THAT(page, HasSubstr("keys: [\"<hidden>\"]\n"));
    EXPECT_THAT(page, Not(HasSubstr("hunter2")));
}

TEST_F(Commands, OfADocumentThatOthersMayWriteAreRefused) {
    mode = 0666;
    EXPECT_THAT(fault("api_key: { command: [echo, x] }"),
                AllOf(HasSubstr("api_key.command: configuration file '"), HasSubstr("so everyone may change it")));
    EXPECT_EQ(diagnostics(load_options("api_key: \"${HOME}\"")), "") << "without a command it is accepted";
    mode = 0600;
    ::chmod(folder.path().c_str(), 0777);
    EXPECT_THAT(fault("api_key: { command: [echo, x] }"), HasSubstr("configuration folder '"));
    EXPECT_THAT(diagnostics(load_text(with_options("api_key: { command: [echo, x] }"))),
                HasSubstr("a command is accepted only in a configuration that is a file"));
}

TEST_F(Commands, AreWrittenAsTheyAre) {
    const std::string expected = ", expected a sequence of texts: a program and its arguments";
    EXPECT_EQ(fault("api_key: { command: 'echo x' }"),
              "providers.ai.options.api_key.command: found one text" + expected +
                  "; write [PROGRAM, ARGUMENT]: there is no shell that would split it");
    EXPECT_EQ(fault("api_key: { command: [echo, \"${HOME}\"] }"),
              "providers.ai.options.api_key.command: found '${' in it" + expected +
                  "; variables do not apply to commands: write the value itself");
    EXPECT_THAT(fault("api_key: { command: [] }"), HasSubstr("found an empty sequence" + expected));
    EXPECT_THAT(fault("api_key: { command: [\"\"] }"), HasSubstr("found an empty text as the program" + expected));
    EXPECT_THAT(fault("api_key: { command: [echo, [x]] }"), HasSubstr("found a sequence in it" + expected));
    EXPECT_THAT(fault("api_key: { command: { a: b } }"), HasSubstr("found a mapping" + expected));
    EXPECT_THAT(fault("api_key: { command: [echo], file: x }"),
                HasSubstr("found a mapping with the keys command, file"));
    EXPECT_THAT(fault("base_url: { command: [echo, x] }"), HasSubstr("found a mapping, expected"));
}

// Only the document names commands: neither the environment nor a caller of the API does.
TEST_F(Commands, CannotBeSetFromOutside) {
    const auto env = environment({{"HOME", "/h"}, {"SECRET", "{ command: [touch, ran] }"}});
    const auto result = load_options("api_key: \"${SECRET}\"", env);
    ASSERT_TRUE(result);
    const PluginInstance& ai = result->configuration.providers.at("ai").instance;
    EXPECT_FALSE(needs_command(ai));
    EXPECT_EQ(options_with_secrets(ai)->get<std::string>("api_key"), "{ command: [touch, ran] }");
    const OptionSpec row = {.name = "api_key", .type = OptionType::text, .secret = true};
    EXPECT_EQ(std::get<std::string>(*parse_option(row, "{ command: [touch, ran] }")), "{ command: [touch, ran] }");
}

TEST_F(Commands, ThatGiveSomethingElseAreReportedWithoutIt) {
    EXPECT_EQ(to_string(options_with_secrets(loaded("pin: { command: [echo, hunter2] }")).error()),
              "providers.ai.options.pin: found <hidden>, expected an integer between 1000 and 9999");
    const auto latin = options_with_secrets(loaded("keys: { command: [printf, 'caf\\351'] }"));
    EXPECT_THAT(latin.error().message, HasSubstr("which is not UTF-8 text"));
    const auto none = options_with_secrets(loaded("api_key: { command: [\"false\"] }"));
    EXPECT_EQ(none.error().message, "providers.ai.options.api_key: the command 'false' ended with status 1");
    EXPECT_EQ(none.error().kind, ErrorKind::misconfigured);
}

TEST_F(Commands, FilesAreReadAgain) {
    folder.write("key", "one");
    const auto ai = loaded("api_key: { file: key }, keys: [a, { file: key }]");
    EXPECT_FALSE(needs_command(ai));
    const auto before = stamps(ai.secret_sources);
    EXPECT_EQ(stamps(ai.secret_sources), before);
    folder.write("key.new", "two");
    std::filesystem::rename(folder.path() / "key.new", folder.path() / "key");
    EXPECT_NE(stamps(ai.secret_sources), before) << "another file of the same size";
    const auto options = options_with_secrets(ai);
    EXPECT_EQ(options->get<std::string>("api_key"), "two");
    EXPECT_EQ(options->get<std::vector<std::string>>("keys"), (std::vector<std::string>{"a", "two"}));
    std::filesystem::remove(folder.path() / "key");
    EXPECT_THAT(options_with_secrets(ai).error().message, HasSubstr("does not exist"));
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
             "api_key: postgresql://db.example/shop",
             "api_key: \"postgresql://embedq@db.example:5432/shop?sslmode=verify-full&application_name=embedq\"",
             "api_key: \"postgresql:///shop?host=/run/postgresql\"",
             "api_key: \"postgresql://db.example/shop?sslkey=/etc/embedq/client.key&passfile=/etc/embedq/pgpass\"",
             "api_key: host=db.example port=5432 dbname=shop user=embedq",
             "api_key: dbname=shop",
             "api_key: service = shop  sslrootcert=/etc/ssl/certs/company-root-2031.pem",
             "api_key: \"host='/run/my sockets' user='o\\\\'hara' options='-c work_mem=8MB' passfile=/etc/pgpass1\"",
         })
        EXPECT_EQ(warnings(plain), "") << plain;
    for (const char* secret : {
             "headers: { X-Api-Key: a }",
             "headers: { authorization: Bearer x }",
             "headers: { X-Team: a1b2c3d4e5f6g7h8 }",
             "api_key: \"http://u:p@proxy:3128\"",
             "api_key: https://hooks.example/services/T0/B0",
             "api_key: abc",
             "api_key: postgresql://embedq:p@db.example/shop",
             "api_key: \"postgresql://embedq@db.example/shop?password=p\"",
             "api_key: \"postgresql://embedq@db.example/shop?sslpassword=p\"",
             "api_key: host=db.example user=embedq password=p",
             "api_key: host=db.example user=embedq password = 'p q'",
             "api_key: host=db.example sslpassword=p",
             "api_key: host=db.example user=a1b2c3d4e5f6g7h8",
             "api_key: host=db.example p",
             "api_key: \"host='db.example\"",
             "api_key: user=embedq",
             "api_key: https://token@hooks.example",
             "api_key: postgresql://a1b2c3d4e5f6g7h8@db.example/shop",
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

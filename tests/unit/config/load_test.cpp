// Documents that load: sections, defaults, environment, files, limits on documents.
#include <gmock/gmock.h>

#include <cstdlib>

#include "fakes.h"
#include "ollama/options.h"
#include "openai/options.h"

namespace embedq::config::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const std::filesystem::path examples = std::filesystem::path(EMBEDQ_SOURCE_DIR) / "config" / "examples";

TEST(Load, ReadsEverySection) {
    const auto loaded = load_text(R"y(
version: 1
plugins: { paths: [plugins, /opt/../srv/plugins] }
store: { plugin: postgres, options: { url: "${DATABASE}", migrate: never } }
notifier: { plugin: poll, options: { interval: 250ms } }
providers:
  ai:
    plugin: openai
    options: { model: m, endpoints: "http://a:1", query: { v: 2024 }, temperature: 1, max_body: 64KiB,
               ca_file: certs/ca.pem, pull: true }
    limits: { concurrency: 2, batch_inputs: 64, requests_per_minute: 600, tokens_per_minute: 100000 }
  offline: { plugin: lexical }
embedding: { provider: ai, catalogs: { payments: offline, archive: none }, model_change: apply }
scheduler: { lease: 1m, heartbeat: 10s, poll: 1h, reap: 250ms, reconcile: 2m, max_attempts: 3,
             backoff: { base: 1s, factor: 1.5, max: 1m, jitter: 0 }, retention: 1d }
services:
  - plugin: admin
    options: { listen: "[::1]:9090" }
logging: { level: debug, format: json }
)y",
                                  environment({{"DATABASE", "postgres://u:p@h/d"}}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(diagnostics(loaded), "");
    const Configuration& c = loaded->configuration;
    EXPECT_EQ(c.source, "c.yaml");
    EXPECT_EQ(c.plugin_paths, (std::vector<std::filesystem::path>{"/etc/embedq/plugins", "/srv/plugins"}));
    EXPECT_EQ(c.store.plugin, "postgres");
    EXPECT_EQ(c.store.line, 4);
    EXPECT_EQ(c.store.column, 18);
    EXPECT_EQ(c.store.options.get<std::string>("url"), "postgres://u:p@h/d");
    EXPECT_EQ(c.store.options.get<std::string>("schema"), "embedq");
    EXPECT_EQ(c.store.secrets, std::set<std::string>{"url"});
    EXPECT_EQ(c.notifier.options.get<std::chrono::milliseconds>("interval"), 250ms);

    ASSERT_EQ(c.providers.size(), 2U);
    const ProviderConfig& ai = c.providers.at("ai");
    EXPECT_EQ(ai.instance.name, "ai");
    EXPECT_EQ(ai.instance.plugin, "openai");
    const Options& o = ai.instance.options;
    EXPECT_EQ(o.get<std::vector<std::string>>("endpoints"), std::vector<std::string>{"http://a:1"});
    EXPECT_EQ((o.get<std::map<std::string, std::string>>("query")),
              (std::map<std::string, std::string>{{"v", "2024"}}));
    EXPECT_EQ(o.get<double>("temperature"), 1.0);
    EXPECT_EQ(o.get<std::int64_t>("max_body"), 65536);
    EXPECT_EQ(o.get<std::string>("ca_file"), "/etc/embedq/certs/ca.pem");
    EXPECT_TRUE(o.get<bool>("pull"));
    EXPECT_EQ(o.get<std::chrono::milliseconds>("timeout"), 30s);
    EXPECT_FALSE(o.has("api_key"));
    EXPECT_EQ(ai.limits.concurrency, 2U);
    EXPECT_EQ(ai.limits.batch_inputs, 64U);
    EXPECT_EQ(ai.limits.requests_per_minute, 600U);
    EXPECT_EQ(ai.limits.tokens_per_minute, 100000U);
    EXPECT_EQ(c.providers.at("offline").limits.concurrency, 0U);

    EXPECT_EQ(c.embedding.provider, "ai");
    EXPECT_EQ(c.embedding.settings.model_change, ModelChangePolicy::apply);
    EXPECT_EQ(c.embedding.catalogs, (std::map<std::string, std::string>{{"payments", "offline"}, {"archive", "none"}}));
    const SchedulerSettings& s = c.scheduler;
    EXPECT_EQ(s.lease, 1min);
    EXPECT_EQ(s.heartbeat, 10s);
    EXPECT_EQ(s.poll, 1h);
    EXPECT_EQ(s.reap, 250ms);
    EXPECT_EQ(s.reconcile, 2min);
    EXPECT_EQ(s.max_attempts, 3U);
    EXPECT_EQ(s.backoff.base, 1s);
    EXPECT_EQ(s.backoff.factor, 1.5);
    EXPECT_EQ(s.backoff.max, 1min);
    EXPECT_EQ(s.backoff.jitter, 0.0);
    EXPECT_EQ(s.retention, 24h);
    ASSERT_EQ(c.services.size(), 1U);
    EXPECT_EQ(c.services[0].name, "admin");
    EXPECT_EQ(c.services[0].options.get<std::string>("listen"), "[::1]:9090");
    EXPECT_EQ(c.logging.level, LogLevel::debug);
    EXPECT_EQ(c.logging.format, LogFormat::json);
}

TEST(Load, VersionAloneIsTheEmbeddedDefault) {
    FakeTables tables;
    const auto bare = load_text("version: 1\n");
    const auto built_in = load(embedded_default(), tables, environment());
    const auto example = load(Source::file(examples / "embedded.yaml"), tables, environment());
    ASSERT_TRUE(bare) << diagnostics(bare);
    ASSERT_TRUE(built_in) << diagnostics(built_in);
    ASSERT_TRUE(example) << diagnostics(example);
    EXPECT_EQ(diagnostics(built_in), "");
    EXPECT_EQ(show(bare->configuration, tables), show(built_in->configuration, tables));
    EXPECT_EQ(show(example->configuration, tables), show(built_in->configuration, tables));
    const Configuration& c = built_in->configuration;
    EXPECT_EQ(c.store.options.get<std::string>("path"), "/home/ada/.local/share/embedq/embedq.db");
    EXPECT_EQ(c.notifier.plugin, "local");
    EXPECT_EQ(c.embedding.provider, "lexical");
    EXPECT_EQ(c.embedding.settings.model_change, ModelChangePolicy::wait);
    EXPECT_EQ(c.scheduler.lease, SchedulerSettings{}.lease);
    EXPECT_EQ(c.scheduler.backoff.max, SchedulerSettings{}.backoff.max);
    EXPECT_EQ(c.scheduler.retention, SchedulerSettings{}.retention);
    EXPECT_TRUE(c.file.empty());
    EXPECT_EQ(example->configuration.file, examples / "embedded.yaml");
}

TEST(Load, NestedValuesOfAMappingOfTextsAreJson) {
    const auto query = [](const std::string& yaml) {
        const auto loaded =
            load_text("version: 1\nproviders: { ai: { plugin: openai, options: { model: m, query: " + yaml +
                          " } } }\nembedding: { provider: ai }\n",
                      environment({{"HOME", "/h"}, {"WORD", "a \"${B}\""}, {"NUMBER", "7"}}));
        if (!loaded) return diagnostics(loaded);
        return loaded->configuration.providers.at("ai")
            .instance.options.get<std::map<std::string, std::string>>("query")
            .at("x");
    };
    EXPECT_EQ(query("{ x: { b: true, a: [1, two, { c: ~ }], \"q\\\"\": '\"8\"', d: {}, e: [] } }"),
              R"({"b":true,"a":[1,"two",{"c":null}],"q\"":"8","d":{},"e":[]})");
    EXPECT_EQ(query("{ x: [\"${WORD}\", \"${NUMBER}\", \"$${C}\", \"${NONE:-d}\"] }"),
              R"(["a \"${B}\"",7,"${C}","d"])");
    EXPECT_EQ(query("{ x: plain }"), "plain");
    EXPECT_THAT(query("{ x: { y: \"${NONE}\" } }"),
                ::testing::HasSubstr("providers.ai.options.query.x: the environment variable NONE is not set"));
}

TEST(Load, EveryExampleLoads) {
    FakeTables tables;
    tables.add(PluginKind::notifier, "postgres_listen", {});
    const Environment here = environment({{"HOME", "/home/ada"},
                                          {"EMBEDQ_DATABASE_URL", "postgresql://embedq@localhost/embedq"},
                                          {"OPENAI_API_KEY", "sk-example"}});
    tables.add(PluginKind::provider, "openai", openai::option_table);
    tables.add(PluginKind::provider, "ollama", ollama::option_table);
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(examples)) {
        const auto loaded = load(Source::file(entry.path()), tables, here);
        EXPECT_TRUE(loaded) << diagnostics(loaded);
        EXPECT_EQ(diagnostics(loaded), "");
        ++count;
    }
    EXPECT_GE(count, 4U);
}

TEST(Load, KeysWithoutValuesCountAsNotWritten) {
    const auto loaded = load_text(
        "version: 1\nstore:\nproviders:\nscheduler:\n  # lease: 10s\n  backoff:\nservices:\nplugins:\nlogging: ~\n");
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(loaded->configuration.store.plugin, "sqlite");
    EXPECT_EQ(loaded->configuration.embedding.provider, "lexical");
}

TEST(Load, NoProvidersTurnEmbeddingOff) {
    const auto loaded = load_text("version: 1\nproviders: {}\n");
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_TRUE(loaded->configuration.providers.empty());
    EXPECT_EQ(loaded->configuration.embedding.provider, "none");
}

TEST(Load, TheOnlyProviderIsTheDefault) {
    const auto loaded = load_text("version: 1\nproviders: { slow: { plugin: simulated } }\n");
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(loaded->configuration.embedding.provider, "slow");
}

TEST(Load, DatabaseFollowsTheDataHome) {
    const auto path = [](const char* yaml, std::map<std::string, std::string, std::less<>> env) {
        const auto loaded = load_text(yaml, environment(std::move(env)));
        return loaded ? loaded->configuration.store.options.get<std::string>("path") : diagnostics(loaded);
    };
    EXPECT_EQ(path("version: 1\n", {{"XDG_DATA_HOME", "/data"}, {"HOME", "/home/ada"}}), "/data/embedq/embedq.db");
    EXPECT_EQ(path("version: 1\n", {{"XDG_DATA_HOME", "data"}, {"HOME", "/home/ada"}}),
              "/home/ada/.local/share/embedq/embedq.db");
    EXPECT_EQ(path("version: 1\nstore: { plugin: sqlite, options: { path: a/../b.db } }\n", {}), "/etc/embedq/b.db");
    EXPECT_EQ(path("version: 1\nstore:\n  plugin: sqlite\n", {}),
              "c.yaml:3:11: error: store.options: option 'path' is missing, and it has no default since neither "
              "XDG_DATA_HOME nor HOME is set; set the option\n");
}

TEST(Load, FillsInTheEnvironment) {
    const auto yaml = R"y(
version: 1
providers:
  ai:
    plugin: openai
    options:
      model: "${A}-${B:-b}-${EMPTY:-e}-${EMPTY}-$${A}-$A-$"
      pull: ${YES}
      timeout: "${WAIT:-45}s"
      endpoints: ["${URL:-http://x:1/}", plain]
)y";
    const auto loaded = load_text(yaml, environment({{"HOME", "/h"}, {"A", "a"}, {"EMPTY", ""}, {"YES", "true"}}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    const Options& o = loaded->configuration.providers.at("ai").instance.options;
    EXPECT_EQ(o.get<std::string>("model"), "a-b-e--${A}-$A-$");
    EXPECT_TRUE(o.get<bool>("pull"));
    EXPECT_EQ(o.get<std::chrono::milliseconds>("timeout"), 45s);
    EXPECT_EQ(o.get<std::vector<std::string>>("endpoints"), (std::vector<std::string>{"http://x:1/", "plain"}));
}

TEST(Load, ValuesOfTheEnvironmentAreNotExpandedAgain) {
    const auto loaded = load_text("version: 1\nproviders: { ai: { plugin: openai, options: { model: \"${A}\" } } }\n",
                                  environment({{"HOME", "/h"}, {"A", "${HOME}"}}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(loaded->configuration.providers.at("ai").instance.options.get<std::string>("model"), "${HOME}");
}

TEST(Load, AliasesRepeatNodes) {
    const auto loaded = load_text(R"y(
version: 1
providers:
  a: &slow { plugin: simulated, options: { latency: 5ms } }
  b: *slow
embedding: { provider: b }
)y");
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(loaded->configuration.providers.at("b").instance.name, "b");
    EXPECT_EQ(loaded->configuration.providers.at("b").instance.options.get<std::chrono::milliseconds>("latency"), 5ms);
}

TEST(Load, MergeKeysAddTheKeysThatAreMissing) {
    const auto good = load_text(R"y(version: 1
providers:
  a: &a
    plugin: simulated
    options: &quick { latency: 1ms, dimension: 8 }
    limits: { concurrency: 2 }
  b: &b
    <<: *a
    options: { <<: *quick, dimension: 9 }
  c:
    plugin: simulated
    options: { concurrency: 3, <<: [{ concurrency: 4, max_inputs: 5 }, *quick] }
  d: { <<: *b, plugin: simulated }
embedding: { provider: a }
)y");
    ASSERT_TRUE(good) << diagnostics(good);
    const auto& providers = good->configuration.providers;
    const auto number = [&](const char* provider, const char* option) {
        return providers.at(provider).instance.options.get<std::int64_t>(option);
    };
    EXPECT_EQ(providers.at("b").limits.concurrency, 2U);
    EXPECT_EQ(number("a", "dimension"), 8);
    EXPECT_EQ(number("b", "dimension"), 9);
    EXPECT_EQ(providers.at("b").instance.options.get<std::chrono::milliseconds>("latency"),
              std::chrono::milliseconds(1));
    EXPECT_EQ(number("c", "concurrency"), 3);
    EXPECT_EQ(number("c", "max_inputs"), 5);
    EXPECT_EQ(number("c", "dimension"), 8);
    EXPECT_EQ(number("d", "dimension"), 9);
}

TEST(Load, ExplodingAliasesAreRefused) {
    std::string bomb = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int j = 0; j < 9; ++j) bomb += ", " + last;
        bomb += "]\n";
    }
    const auto loaded = load_text(bomb);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(diagnostics(loaded),
              "c.yaml:6:10: error: with its aliases expanded, the document grows beyond 20000 nodes or 4 MiB here; use "
              "fewer aliases\n");
}

TEST(Load, LongTextsRepeatedByAliasesAreRefused) {
    std::string yaml = "version: 1\na: &a " + std::string(900'000, 'x') + "\nb: [*a, *a, *a, *a, *a]\n";
    EXPECT_THAT(diagnostics(load_text(yaml)),
                HasSubstr("c.yaml:3:17: error: with its aliases expanded, the document grows beyond"));
}

TEST(Load, AliasesCountTowardsTheDepth) {
    std::string yaml = "version: 1\na0: &a0 [x]\n";
    for (int i = 1; i < 80; ++i)
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    EXPECT_THAT(diagnostics(load_text(yaml)), HasSubstr("error: nested more than 64 levels deep"));
}

TEST(Load, HugeDocumentsAreRefused) {
    EXPECT_EQ(diagnostics(load_text("version: 1\n# " + std::string(2'000'000, 'x'))),
              "c.yaml: error: longer than 1 MiB, so it is not a configuration\n");
    EXPECT_THAT(diagnostics(load_text(std::string(100'000, '['))), HasSubstr("error: nested more than 64 levels deep"));
}

TEST(Load, ByteOrderMarkAndCarriageReturnsAreAccepted) {
    EXPECT_EQ(diagnostics(load_text("\xEF\xBB\xBFversion: 1\r\nlogging:\r\n  level: loud\r\n")),
              "c.yaml:3:10: error: logging.level: found 'loud', expected one of trace, debug, info, warn, error\n");
}

TEST(Load, SaysWhyAFileCannotBeRead) {
    FakeTables tables;
    const TemporaryFolder folder;
    const auto fault = [&](const std::filesystem::path& path) {
        return diagnostics(load(Source::file(path), tables, environment()));
    };
    EXPECT_EQ(fault(folder.path() / "none.yaml"),
              (folder.path() / "none.yaml").string() + ": error: the file does not exist\n");
    EXPECT_EQ(fault(folder.path()), folder.path().string() + ": error: the file is a folder, expected a file\n");
    const auto latin = folder.write("latin.yaml", "version: 1\n# caf\xE9\n");
    EXPECT_EQ(fault(latin),
              latin.string() + ":2:6: error: found the byte 0xE9, expected UTF-8; save the file in that encoding\n");
    const auto utf16 = folder.write("utf16.yaml", std::string_view("\xFF\xFEv\0e\0", 6));
    EXPECT_EQ(fault(utf16),
              utf16.string() + ":1:1: error: found the byte 0xFF, expected UTF-8; save the file in that encoding\n");
}

TEST(Load, RelativePathsStartAtTheFilesFolder) {
    FakeTables tables;
    const TemporaryFolder folder;
    const auto file = folder.write(
        "c.yaml", "version: 1\nplugins: { paths: here }\nstore: { plugin: sqlite, options: { path: data/a.db } }\n");
    const auto loaded = load(Source::file(file), tables, environment({}));
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    EXPECT_EQ(loaded->configuration.store.options.get<std::string>("path"), (folder.path() / "data/a.db").string());
    EXPECT_EQ(loaded->configuration.plugin_paths, std::vector{folder.path() / "here"});
}

TEST(PluginPaths, AreReadBeforeAnyPluginIsKnown) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path() / "b");
    const auto paths = read_plugin_paths(
        Source::text("version: 1\nstore: { plugin: unheard_of }\nstore: {}\nplugins: { paths: [\"${P}\", b] }\n",
                     "c.yaml", folder.path()),
        environment({{"P", "/"}}));
    ASSERT_TRUE(paths);
    EXPECT_EQ(*paths, (std::vector<std::filesystem::path>{"/", folder.path() / "b"}));
    EXPECT_TRUE(read_plugin_paths(embedded_default(), environment())->empty());
}

TEST(PluginPaths, FailOnlyOnTheirOwnFaults) {
    const auto paths = read_plugin_paths(
        Source::text("version: 1\nstor: 1\nplugins: { paths: { a: b } }\n", "c.yaml", "/etc"), environment());
    ASSERT_FALSE(paths);
    EXPECT_EQ(lines(paths.error()),
              "c.yaml:3:19: error: plugins.paths: found a mapping, expected a sequence of texts\n");
}

TEST(PluginPaths, MustExist) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path() / "b");
    const auto paths = read_plugin_paths(
        Source::text("version: 1\nplugins:\n  paths: [b, c]\n", "c.yaml", folder.path()), environment());
    ASSERT_FALSE(paths);
    EXPECT_EQ(lines(paths.error()), "c.yaml:3:14: error: plugins.paths: the folder '" + (folder.path() / "c").string() +
                                        "' does not exist; create it, or remove it from the list\n");
}

TEST(Diagnostics, ShowTheirPositionAndHint) {
    EXPECT_EQ(to_string(Diagnostic{"a.yaml", 3, 4, false, "no"}), "a.yaml:3:4: error: no");
    EXPECT_EQ(to_string(Diagnostic{"a.yaml", 3, 4, true, "hm"}), "a.yaml:3:4: warning: hm");
    EXPECT_EQ(to_string(Diagnostic{"a.yaml", 0, 0, false, "no"}), "a.yaml: error: no");
    EXPECT_EQ(to_string(Diagnostic{"a.yaml", 3, 4, false, "no", "try"}), "a.yaml:3:4: error: no; try");
}

TEST(Diagnostics, HaveTheirHintInAFieldOfItsOwn) {
    const auto loaded = load_text("version: 1\nlogging: { level: wern }\nscheduler: { lease: 20 }\n");
    ASSERT_FALSE(loaded);
    ASSERT_EQ(loaded.error().size(), 2U);
    EXPECT_EQ(loaded.error()[0].message,
              "logging.level: found 'wern', expected one of trace, debug, info, warn, error");
    EXPECT_EQ(loaded.error()[0].hint, "did you mean 'warn'?");
    EXPECT_EQ(loaded.error()[1].hint, "did you mean '20s'?");
}

TEST(ProcessEnvironment, ReadsTheVariablesOfTheProcess) {
    ASSERT_EQ(::setenv("EMBEDQ_CONFIG_TEST", "yes", 1), 0);
    EXPECT_EQ(process_environment()("EMBEDQ_CONFIG_TEST"), "yes");
    ASSERT_EQ(::unsetenv("EMBEDQ_CONFIG_TEST"), 0);
    EXPECT_EQ(process_environment()("EMBEDQ_CONFIG_TEST"), std::nullopt);
}

}  // namespace
}  // namespace embedq::config::testing

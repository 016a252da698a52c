// The diagnostics of wrong keys and values: position, what was found, what was expected, the nearest right name.
#include "broken.h"

namespace embedq::config::testing {
namespace {

const Case value_cases[] = {
    {"UnknownTopKey", R"y(version: 1
stor: { plugin: sqlite }
)y",
     R"s(c.yaml:2:1: error: unknown key 'stor'; did you mean 'store'?
)s"},
    {"UnknownKeyWithoutANearName", R"y(version: 1
telemetry: true
)y",
     R"s(c.yaml:2:1: error: unknown key 'telemetry'; expected one of version, plugins, store, notifier, providers, )s"
     R"s(embedding, scheduler, fetch, services, logging
)s"},
    {"MissingVersion", R"y(logging: { level: info }
)y",
     R"s(c.yaml:1:1: error: the key 'version' is missing; begin the file with `version: 1`
)s"},
    {"OtherVersion", R"y(version: 2
stor: { plugin: sqlite }
)y",
     R"s(c.yaml:1:10: error: version: found '2', expected 1, the only version that this program reads (the rest of )s"
     R"s(the file is checked as version 1)
c.yaml:2:1: error: unknown key 'stor'; did you mean 'store'?
)s"},
    {"VersionIsNotANumber", R"y(version: one
logging: { level: loud }
)y",
     R"s(c.yaml:1:10: error: version: found 'one', expected 1, the only version that this program reads (the rest )s"
     R"s(of the file is checked as version 1)
c.yaml:2:19: error: logging.level: found 'loud', expected one of trace, debug, info, warn, error
)s"},
    {"UnknownPlugin", R"y(version: 1
store: { plugin: postgers }
)y",
     R"s(c.yaml:2:18: error: store.plugin: there is no store plugin 'postgers'; did you mean 'postgres'?
)s"},
    {"UnknownPluginWithoutANearName", R"y(version: 1
notifier:
  plugin: carrier_pigeon
)y",
     R"s(c.yaml:3:11: error: notifier.plugin: there is no notifier plugin 'carrier_pigeon'; installed are local, poll
)s"},
    {"RefusedPlugin", R"y(version: 1
notifier:
  plugin: refused
)y",
     R"s(c.yaml:3:11: error: notifier.plugin: the notifier plugin 'refused' cannot be used: its file may be )s"
     R"s(written by others than its owner
)s"},
    {"PluginMissing", R"y(version: 1
store:
  options: { path: x }
)y",
     R"s(c.yaml:3:3: error: store: the key 'plugin' is missing, expected the name of a store plugin; installed are )s"
     R"s(memory, postgres, sqlite
)s"},
    {"PluginAsText", R"y(version: 1
store: sqlite
)y",
     R"s(c.yaml:2:8: error: store: found 'sqlite', expected a mapping with the key 'plugin'
)s"},
    {"UnknownOption", R"y(version: 1
store:
  plugin: sqlite
  options:
    pth: a.db
)y",
     R"s(c.yaml:5:5: error: store.options: store plugin 'sqlite' has no option 'pth'; did you mean 'path'?
)s"},
    {"OptionOfAPluginWithoutOptions", R"y(version: 1
store: { plugin: memory, options: { size: 3 } }
)y",
     R"s(c.yaml:2:37: error: store.options: store plugin 'memory' has no option 'size'; it takes no options
)s"},
    {"OptionOutsideOptions", R"y(version: 1
store:
  plugin: sqlite
  path: a.db
)y",
     R"s(c.yaml:4:3: error: store: unknown key 'path'; it is an option of the plugin: write it under 'options'
)s"},
    {"RequiredOptionMissing", R"y(version: 1
store: { plugin: postgres }
)y",
     R"s(c.yaml:2:18: error: store.options: option 'url' is missing, expected a text: The database's URL.
)s"},
    {"RequiredOptionEmpty", R"y(version: 1
providers:
  ai: { plugin: openai, options: { model: "" } }
)y",
     R"s(c.yaml:3:43: error: providers.ai.options.model: found an empty text, expected a text: The model's name.
)s"},
    {"ValueMissing", R"y(version: 1
providers:
  ai:
    plugin: openai
    options:
      model:
      pull: true
)y",
     R"s(c.yaml:6:7: error: providers.ai.options.model: found nothing, expected a text; leave the key out if no )s"
     R"s(value is meant
)s"},
    {"EveryTypeWrong", R"y(version: 1
providers:
  ai:
    plugin: openai
    options:
      model: [a]
      pull: yes
      temperature: hot
      timeout: 30
      max_body: 10MB
      ca_file: ""
      endpoints: { a: b }
      query: a=b
)y",
     R"s(c.yaml:6:14: error: providers.ai.options.model: found a sequence, expected a text
c.yaml:7:13: error: providers.ai.options.pull: found 'yes', expected true or false
c.yaml:8:20: error: providers.ai.options.temperature: found 'hot', expected a number between 0 and 1.5
c.yaml:9:16: error: providers.ai.options.timeout: found '30', expected a duration between 10ms and 1h (such as )s"
     R"s(250ms, 20s, 5m, 1h or 14d); did you mean '30s'?
c.yaml:10:17: error: providers.ai.options.max_body: found '10MB', expected a size of at least 1KiB (such as 4096, )s"
     R"s(64KiB, 10MiB or 1GiB); did you mean '10MiB'?
c.yaml:11:16: error: providers.ai.options.ca_file: found '', expected a path
c.yaml:12:18: error: providers.ai.options.endpoints: found a mapping, expected a sequence of texts
c.yaml:13:14: error: providers.ai.options.query: found 'a=b', expected a mapping of texts
)s"},
    {"OutOfRange", R"y(version: 1
providers:
  a: { plugin: lexical, options: { dimension: 63 } }
  b: { plugin: openai, options: { model: m, temperature: 1.6, timeout: 2h, max_body: 1023, pin: 12 } }
  c: { plugin: simulated, options: { concurrency: 99999999999999999999 } }
embedding: { provider: a }
)y",
     R"s(c.yaml:3:47: error: providers.a.options.dimension: found '63', expected an integer between 64 and 4096
c.yaml:4:58: error: providers.b.options.temperature: found '1.6', expected a number between 0 and 1.5
c.yaml:4:72: error: providers.b.options.timeout: found '2h', expected a duration between 10ms and 1h
c.yaml:4:86: error: providers.b.options.max_body: found '1023', expected a size of at least 1KiB
c.yaml:4:97: warning: providers.b.options.pin: the secret is written out here; take it from the environment )s"
     R"s(("${NAME}") or from a file ({ file: PATH })
c.yaml:4:97: error: providers.b.options.pin: found <hidden>, expected an integer between 1000 and 9999
c.yaml:5:51: error: providers.c.options.concurrency: found '99999999999999999999', expected an integer of at least 1
)s"},
    {"ChoiceMistyped", R"y(version: 1
store: { plugin: postgres, options: { url: "${HOME}", migrate: nevr } }
logging: { level: warning, format: yaml }
)y",
     R"s(c.yaml:2:64: error: store.options.migrate: found 'nevr', expected one of auto, never; did you mean 'never'?
c.yaml:3:19: error: logging.level: found 'warning', expected one of trace, debug, info, warn, error; did you mean )s"
     R"s('warn'?
c.yaml:3:36: error: logging.format: found 'yaml', expected one of text, json
)s"},
    {"MalformedDurations", R"y(version: 1
scheduler:
  lease: 20
  heartbeat: 5 s
  poll: 1h30m
  reap: 30sec
  reconcile: -5m
  retention: 99999999999999999d
)y",
     R"s(c.yaml:3:10: error: scheduler.lease: found '20', expected a duration between 1s and 1d (such as 250ms, )s"
     R"s(20s, 5m, 1h or 14d); did you mean '20s'?
c.yaml:4:14: error: scheduler.heartbeat: found '5 s', expected a duration between 100ms and 1d (such as 250ms, )s"
     R"s(20s, 5m, 1h or 14d)
c.yaml:5:9: error: scheduler.poll: found '1h30m', expected a duration between 10ms and 1d (such as 250ms, 20s, 5m, )s"
     R"s(1h or 14d)
c.yaml:6:9: error: scheduler.reap: found '30sec', expected a duration between 100ms and 1d (such as 250ms, 20s, )s"
     R"s(5m, 1h or 14d); did you mean '30s'?
c.yaml:7:14: error: scheduler.reconcile: found '-5m', expected a duration between 1s and 1d (such as 250ms, 20s, )s"
     R"s(5m, 1h or 14d)
c.yaml:8:14: error: scheduler.retention: found '99999999999999999d', expected a duration of at least 1m (such as )s"
     R"s(250ms, 20s, 5m, 1h or 14d)
)s"},
    {"HeartbeatTooSlow", R"y(version: 1
scheduler: { lease: 20s, heartbeat: 10s }
)y",
     R"s(c.yaml:2:37: error: scheduler.heartbeat: found 10s, expected less than half of scheduler.lease (20s), so )s"
     R"s(that one lost heartbeat loses no lease
)s"},
    {"LeaseTooShortForTheHeartbeat", R"y(version: 1
scheduler: { lease: 10s }
)y",
     R"s(c.yaml:2:21: error: scheduler.lease: found 10s, expected more than twice scheduler.heartbeat (5s), so )s"
     R"s(that one lost heartbeat loses no lease
)s"},
    {"BackoffUpsideDown", R"y(version: 1
scheduler:
  backoff: { base: 10s, max: 5s, jiter: 0.1, factor: 0.5 }
)y",
     R"s(c.yaml:3:34: error: scheduler.backoff: unknown key 'jiter'; did you mean 'jitter'?
c.yaml:3:54: error: scheduler.backoff.factor: found '0.5', expected a number between 1 and 10
)s"},
    {"BackoffMaxBelowBase", R"y(version: 1
scheduler:
  backoff: { base: 10s, max: 5s }
)y",
     R"s(c.yaml:3:30: error: scheduler.backoff.max: found 5s, expected at least scheduler.backoff.base (10s)
)s"},
    {"UnknownProvider", R"y(version: 1
providers:
  lexical: { plugin: lexical }
embedding:
  provider: lexicle
  catalogs: { payments: opnai, Bad_Id: none, -x: lexical }
)y",
     R"s(c.yaml:5:13: error: embedding.provider: there is no provider 'lexicle'; did you mean 'lexical'?
c.yaml:6:25: error: embedding.catalogs.payments: there is no provider 'opnai'; expected one of lexical, none
c.yaml:6:32: error: embedding.catalogs: found the catalog 'Bad_Id', expected up to 100 lower-case letters, digits )s"
     R"s(or '-', with no '-' at either end
c.yaml:6:46: error: embedding.catalogs: found the catalog '-x', expected up to 100 lower-case letters, digits or )s"
     R"s('-', with no '-' at either end
)s"},
    {"SeveralProvidersNoneChosen", R"y(version: 1
providers:
  a: { plugin: lexical }
  b: { plugin: simulated }
)y",
     R"s(c.yaml:3:3: error: embedding.provider is missing, expected one of a, b, none
)s"},
    {"ProviderNames", R"y(version: 1
providers:
  none: { plugin: lexical }
  "My Provider": { plugin: lexical }
  c: lexical
embedding: { provider: c }
)y",
     R"s(c.yaml:3:3: error: providers: found the name 'none', expected up to 64 lower-case letters, digits, '_', )s"
     R"s('.' or '-', starting with a letter, other than none
c.yaml:4:3: error: providers: found the name 'My Provider', expected up to 64 lower-case letters, digits, '_', '.' )s"
     R"s(or '-', starting with a letter, other than none
c.yaml:5:6: error: providers.c: found 'lexical', expected a mapping with the key 'plugin'
)s"},
    {"LimitsWrong", R"y(version: 1
providers:
  a:
    plugin: lexical
    limits: { concurency: 2, batch_inputs: many, requests_per_minute: -1 }
)y",
     R"s(c.yaml:5:15: error: providers.a.limits: unknown key 'concurency'; did you mean 'concurrency'?
c.yaml:5:44: error: providers.a.limits.batch_inputs: found 'many', expected an integer between 0 and 100000
c.yaml:5:71: error: providers.a.limits.requests_per_minute: found '-1', expected an integer between 0 and 1000000000
)s"},
    {"ServicesWrong", R"y(version: 1
services:
  - plugin: admn
  - admin
  - plugin: admin
    options: { listen: [1] }
)y",
     R"s(c.yaml:3:13: error: services[0].plugin: there is no service plugin 'admn'; did you mean 'admin'?
c.yaml:4:5: error: services[1]: found 'admin', expected a mapping with the key 'plugin'
c.yaml:6:24: error: services[2].options.listen: found a sequence, expected a text
)s"},
    {"ServicesAsMapping", R"y(version: 1
services: { plugin: admin }
)y",
     R"s(c.yaml:2:11: error: services: found a mapping, expected a sequence such as `- plugin: admin`
)s"},
    {"MergedOptionWrong", R"y(version: 1
providers:
  a: &a { plugin: lexical, options: { dimension: 63 } }
  b: { <<: *a }
embedding: { provider: a }
)y",
     R"s(c.yaml:3:50: error: providers.a.options.dimension: found '63', expected an integer between 64 and 4096
c.yaml:3:50: error: providers.b.options.dimension: found '63', expected an integer between 64 and 4096
)s"},
    {"ColumnsCountCharacters", R"y(version: 1
providers: { "é": { plugin: lexical }, ok: { plugn: lexical } }
embedding: { provider: ok }
)y",
     R"s(c.yaml:2:14: error: providers: found the name 'é', expected up to 64 lower-case letters, digits, '_', '.' )s"
     R"s(or '-', starting with a letter, other than none
c.yaml:2:44: error: providers.ok: the key 'plugin' is missing, expected the name of a provider plugin; installed )s"
     R"s(are faulty, lexical, openai, simulated
c.yaml:2:46: error: providers.ok: unknown key 'plugn'; did you mean 'plugin'?
)s"},
    {"EnvironmentUnset", R"y(version: 1
store: { plugin: sqlite, options: { path: "${EMBEDQ_DB}" } }
logging: { level: "${}", format: "${LOG" }
)y",
     R"s(c.yaml:2:43: error: store.options.path: the environment variable EMBEDQ_DB is not set; set it, or write )s"
     R"s(${EMBEDQ_DB:-default}
c.yaml:3:19: error: logging.level: found '${' without a variable's name after it, expected ${NAME} or )s"
     R"s(${NAME:-default}; write $${ for a plain ${
c.yaml:3:34: error: logging.format: found '${' without its '}', expected ${NAME} or ${NAME:-default}; write $${ )s"
     R"s(for a plain ${
)s"},
    {"FileForAnOptionThatIsNotSecret", R"y(version: 1
store: { plugin: sqlite, options: { path: { file: a } } }
)y",
     R"s(c.yaml:2:43: error: store.options.path: found a mapping, expected a path; write the value itself: { file: )s"
     R"s(PATH } is for secrets only
)s"},
    {"SecretFileShape", R"y(version: 1
store: { plugin: postgres, options: { url: { fil: a } } }
)y",
     R"s(c.yaml:2:44: error: store.options.url: found a mapping with the keys fil, expected a text, )s"
     R"s({ file: PATH } or { command: [PROGRAM, ARGUMENT] }
)s"},
    {"SecretFileMissing", R"y(version: 1
store: { plugin: postgres, options: { url: { file: secrets/url } } }
)y",
     R"s(c.yaml:2:52: error: store.options.url: the secret's file '/etc/embedq/secrets/url' does not exist
)s"},
    {"PlaceholderAsSecret", R"y(version: 1
store: { plugin: postgres, options: { url: "<hidden>" } }
)y",
     R"s(c.yaml:2:44: error: store.options.url: found <hidden>, which `config show` prints in place of a secret; )s"
     R"s(write the secret, ${NAME}, { file: PATH } or { command: [PROGRAM, ARGUMENT] }
)s"},
    {"BrokenDefaultInATable", R"y(version: 1
providers: { bad: { plugin: faulty } }
)y",
     R"s(c.yaml:2:29: error: providers.bad.options: the default of option 'size' of provider plugin 'faulty' is )s"
     R"s(broken, which is a bug of the plugin: found 'ten', expected a size (such as 4096, 64KiB, 10MiB or 1GiB)
)s"},
    {"PluginsSection", R"y(version: 1
plugins: { path: [a], paths: [""] }
)y",
     R"s(c.yaml:2:12: error: plugins: unknown key 'path'; did you mean 'paths'?
c.yaml:2:31: error: plugins.paths: found an empty text, expected the path of a folder
)s"},
    {"AllFaultsInDocumentOrder", R"y(version: 1
logging: { level: loud }
embedding: { provider: lexial }
providers:
  lexical: { plugin: lexcal }
store: { plugin: sqlit }
)y",
     R"s(c.yaml:2:19: error: logging.level: found 'loud', expected one of trace, debug, info, warn, error
c.yaml:3:24: error: embedding.provider: there is no provider 'lexial'; did you mean 'lexical'?
c.yaml:5:22: error: providers.lexical.plugin: there is no provider plugin 'lexcal'; did you mean 'lexical'?
c.yaml:6:18: error: store.plugin: there is no store plugin 'sqlit'; did you mean 'sqlite'?
)s"},
    {"OptionsOfAMisspeltPlugin", R"y(version: 1
embedding: { provider: a }
providers:
  a: { plugin: opnai, options: { modle: m, timeout: 5 } }
  b: { plugin: carrier_pigeon, options: { modle: m } }
)y",
     R"s(c.yaml:4:16: error: providers.a.plugin: there is no provider plugin 'opnai'; did you mean 'openai'?
c.yaml:4:16: error: providers.a.options: option 'model' is missing, expected a text: The model's name.
c.yaml:4:34: error: providers.a.options: provider plugin 'openai' has no option 'modle'; did you mean 'model'?
c.yaml:4:53: error: providers.a.options.timeout: found '5', expected a duration between 10ms and 1h )s"
     R"s((such as 250ms, 20s, 5m, 1h or 14d); did you mean '5s'?
c.yaml:5:16: error: providers.b.plugin: there is no provider plugin 'carrier_pigeon', so its options are not )s"
     R"s(checked; installed are faulty, lexical, openai, simulated
)s"},
};

INSTANTIATE_TEST_SUITE_P(Values, Broken, ::testing::ValuesIn(value_cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace embedq::config::testing

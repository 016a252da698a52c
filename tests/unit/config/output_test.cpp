// The effective configuration, and the schema, which must agree with what `load` accepts.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "fakes.h"

namespace embedq::config::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Show, RoundTripsThroughLoad) {
    const char* const documents[] = {
        "version: 1\n",
        "version: 1\nproviders: {}\n",
        R"y(
version: 1
plugins: { paths: [a, "b c", "/x: y"] }
store: { plugin: sqlite, options: { path: "odd \"name\" $${HOME} # é.db" } }
notifier: { plugin: poll, options: { interval: 90s } }
providers:
  "null": { plugin: simulated, options: { faults: ["throttle: 5", "null", "", "a\nb", "$$${X}"], latency: 1ms },
            limits: { concurrency: 3 } }
  "true": { plugin: openai, options: { model: "yes", query: { "a: b": "1", "~": "" }, temperature: 0.1,
                                      max_body: 1536KiB, pull: true } }
embedding: { provider: "null", catalogs: { "2024": none, a: "true" }, model_change: apply }
scheduler: { lease: 12345ms, backoff: { jitter: 0.25 } }
fetch: { allow_http: true, allow_private_addresses: [10.0.0.0/8, "fd00::/8"], timeout: 5s, max_bytes: 1MiB,
         max_redirects: 0, ca_file: ca.pem, proxy: "http://proxy.example:3128" }
services: [{ plugin: admin }, { plugin: admin, options: { listen: "0.0.0.0:1" } }]
logging: { level: trace, format: json }
)y",
    };
    FakeTables tables;
    for (const char* document : documents) {
        const auto first = load_text(document);
        ASSERT_TRUE(first) << diagnostics(first);
        const std::string page = show(first->configuration, tables);
        const auto second = load_text(page, environment({}));
        ASSERT_TRUE(second) << diagnostics(second) << page;
        EXPECT_EQ(show(second->configuration, tables), page);
        EXPECT_EQ(second->configuration.store.options.values(), first->configuration.store.options.values());
        EXPECT_EQ(second->configuration.plugin_paths, first->configuration.plugin_paths);
        EXPECT_EQ(second->configuration.embedding.catalogs, first->configuration.embedding.catalogs);
        EXPECT_EQ(second->configuration.embedding.settings.model_change,
                  first->configuration.embedding.settings.model_change);
        ASSERT_EQ(second->configuration.providers.size(), first->configuration.providers.size());
        for (const auto& [name, provider] : first->configuration.providers) {
            EXPECT_EQ(second->configuration.providers.at(name).instance.options.values(),
                      provider.instance.options.values())
                << page;
        }
        EXPECT_EQ(second->configuration.scheduler.lease, first->configuration.scheduler.lease);
        EXPECT_EQ(second->configuration.fetch.allow_private_addresses,
                  first->configuration.fetch.allow_private_addresses);
        EXPECT_EQ(second->configuration.fetch.max_bytes, first->configuration.fetch.max_bytes);
        EXPECT_EQ(second->configuration.fetch.ca_file, first->configuration.fetch.ca_file);
        EXPECT_EQ(second->configuration.services.size(), first->configuration.services.size());
    }
}

TEST(Show, WritesDefaultsAndUnits) {
    FakeTables tables;
    const auto loaded = load_text("version: 1\nproviders: { ai: { plugin: openai, options: { model: m } } }\n");
    ASSERT_TRUE(loaded) << diagnostics(loaded);
    const std::string page = show(loaded->configuration, tables);
    EXPECT_THAT(page, HasSubstr("      max_body: 10MiB\n"));
    EXPECT_THAT(page, HasSubstr("      timeout: 30s\n"));
    EXPECT_THAT(page, HasSubstr("  retention: 14d\n"));
    EXPECT_THAT(page, HasSubstr("  reconcile: 5m\n"));
    EXPECT_THAT(page, HasSubstr("fetch:\n  allow_http: false\n  allow_private_addresses: []\n  timeout: 30s\n  "
                                "max_bytes: 64MiB\n  max_redirects: 5\n"));
}

// The part of JSON Schema that the configuration's schema uses: enough to compare it with `load` on the same documents.
class Validator {
public:
    explicit Validator(json schema) : root_(std::move(schema)) {}
    [[nodiscard]] bool valid(const json& document) const { return valid(root_, document); }

private:
    [[nodiscard]] static bool is(const std::string& type, const json& v) {
        return (type == "object" && v.is_object()) || (type == "array" && v.is_array()) ||
               (type == "string" && v.is_string()) || (type == "null" && v.is_null()) ||
               (type == "boolean" && v.is_boolean()) || (type == "integer" && v.is_number_integer()) ||
               (type == "number" && v.is_number());
    }

    [[nodiscard]] bool valid(const json& schema, const json& v) const {
        if (schema.is_boolean()) return schema.get<bool>();
        if (schema.contains("$ref") &&
            !valid(root_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), v))
            return false;
        if (schema.contains("type")) {
            const json types = schema["type"].is_array() ? schema["type"] : json::array({schema["type"]});
            if (std::none_of(types.begin(), types.end(), [&](const json& t) { return is(t, v); })) return false;
        }
        if (schema.contains("const") && schema["const"] != v) return false;
        if (schema.contains("enum") &&
            std::find(schema["enum"].begin(), schema["enum"].end(), v) == schema["enum"].end())
            return false;
        if (schema.contains("not") && valid(schema["not"], v)) return false;
        if (schema.contains("anyOf") &&
            std::none_of(schema["anyOf"].begin(), schema["anyOf"].end(), [&](const json& s) { return valid(s, v); }))
            return false;
        if (schema.contains("allOf") &&
            !std::all_of(schema["allOf"].begin(), schema["allOf"].end(), [&](const json& s) { return valid(s, v); }))
            return false;
        if (schema.contains("if") && valid(schema["if"], v) && !valid(schema["then"], v)) return false;
        if (v.is_string() && schema.contains("pattern") && !matches(schema["pattern"], v)) return false;
        if (v.is_string() && schema.contains("minLength") && v.get<std::string>().size() < schema["minLength"])
            return false;
        if (v.is_number() && schema.contains("minimum") && v < schema["minimum"]) return false;
        if (v.is_number() && schema.contains("maximum") && v > schema["maximum"]) return false;
        if (v.is_array() && schema.contains("items") &&
            !std::all_of(v.begin(), v.end(), [&](const json& i) { return valid(schema["items"], i); }))
            return false;
        return !v.is_object() || valid_object(schema, v);
    }

    [[nodiscard]] bool valid_object(const json& schema, const json& v) const {
        const json properties = schema.value("properties", json::object());
        for (const auto& name : schema.value("required", json::array())) {
            if (!v.contains(name.get<std::string>())) return false;
        }
        for (const auto& [key, item] : v.items()) {
            if (schema.contains("propertyNames") && !valid(schema["propertyNames"], key)) return false;
            const json rule =
                properties.contains(key) ? properties[key] : schema.value("additionalProperties", json(true));
            if (!valid(rule, item)) return false;
        }
        return true;
    }

    [[nodiscard]] static bool matches(const std::string& pattern, const std::string& text) {
        return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
    }

    json root_;
};

// JSON is YAML, so one text serves for both.
TEST(Schema, AgreesWithLoad) {
    FakeTables tables;
    const Validator validator(json::parse(schema(tables)));
    const char* const good[] = {
        R"({"version": 1})",
        R"({"version": 1, "store": null, "providers": {}, "services": null})",
        R"({"version": 1, "store": {"plugin": "sqlite"},
            "notifier": {"plugin": "poll", "options": {"interval": "250ms"}}})",
        R"({"version": 1, "store": {"plugin": "postgres", "options": {"url": {"file": "SECRET"}}}})",
        R"({"version": 1, "providers": {"a": {"plugin": "openai",
            "options": {"model": 3, "endpoints": "x", "query": {"a": 1}, "max_body": "1MiB"}}}})",
        R"({"version": 1, "providers": {"a": {"plugin": "openai",
            "options": {"model": "${HOME}", "pull": "${YES}", "max_body": 4096, "timeout": "${T:-5s}"}}}})",
        R"({"version": 1, "embedding": {"provider": "lexical", "catalogs": {"a-b": "none"}}})",
        R"({"version": 1, "embedding": {"provider": "lexical", "model_change": "apply"}})",
        R"({"version": 1, "scheduler": {"lease": "30s", "backoff": {"factor": 1.5}}, "logging": {"level": "warn"}})",
        R"({"version": 1, "services": [{"plugin": "admin", "options": {"listen": ":80"}}],
            "plugins": {"paths": ["a"]}})",
    };
    const TemporaryFolder folder;
    folder.write("SECRET", "s");
    const auto env = environment({{"HOME", "/h"}, {"YES", "true"}});
    for (const char* document : good) {
        EXPECT_TRUE(validator.valid(json::parse(document))) << document;
        const auto loaded = load(Source::text(document, "c.yaml", folder.path()), tables, env);
        EXPECT_TRUE(loaded) << diagnostics(loaded) << document;
    }
    const char* const bad[] = {
        R"({})",
        R"({"version": 2})",
        R"({"version": 1, "stor": {}})",
        R"({"version": 1, "store": "sqlite"})",
        R"({"version": 1, "store": {"plugin": "mongo"}})",
        R"({"version": 1, "store": {"plugin": "postgres"}})",
        R"({"version": 1, "store": {"plugin": "postgres", "options": null}})",
        R"({"version": 1, "store": {"plugin": "sqlite", "options": {"pth": "a"}}})",
        R"({"version": 1, "store": {"plugin": "memory", "options": {"path": "a"}}})",
        R"({"version": 1, "store": {"plugin": "sqlite", "options": {"path": {"file": "SECRET"}}}})",
        R"({"version": 1, "store": {"plugin": "postgres", "options": {"url": "${HOME}", "migrate": "later"}}})",
        R"({"version": 1, "providers": {"a": {"plugin": "lexical", "options": {"dimension": 63}}}})",
        R"({"version": 1, "providers": {"a": {"plugin": "lexical", "limits": {"concurrency": -1}}}})",
        R"({"version": 1, "providers": {"none": {"plugin": "lexical"}}})",
        R"({"version": 1, "providers": {"A": {"plugin": "lexical"}}})",
        R"({"version": 1, "embedding": {"provider": "none", "catalogs": {"A": "none"}}})",
        R"({"version": 1, "embedding": {"model_change": "later"}})",
        R"({"version": 1, "scheduler": {"lease": 20}})",
        R"({"version": 1, "scheduler": {"backoff": {"factor": 0.5}}})",
        R"({"version": 1, "services": {"plugin": "admin"}})",
        R"({"version": 1, "logging": {"level": "loud"}})",
    };
    for (const char* document : bad) {
        EXPECT_FALSE(validator.valid(json::parse(document))) << document;
        EXPECT_FALSE(load(Source::text(document, "c.yaml", folder.path()), tables, env)) << document;
    }
}

TEST(Schema, ContainsHelpDefaultsAndSecrets) {
    FakeTables tables;
    const json all = json::parse(schema(tables));
    EXPECT_EQ(all["$schema"], "https://json-schema.org/draft/2020-12/schema");
    EXPECT_EQ(all["additionalProperties"], false);
    EXPECT_EQ(all["properties"]["scheduler"]["properties"]["lease"]["default"], "20s");
    EXPECT_EQ(all["properties"]["scheduler"]["properties"]["max_attempts"]["default"], 5);
    EXPECT_EQ(all["properties"]["scheduler"]["properties"]["backoff"]["properties"]["jitter"]["default"], 0.1);
    const json& provider = all["properties"]["providers"]["additionalProperties"];
    const json* openai = nullptr;
    for (const json& rule : provider["allOf"]) {
        if (rule["if"]["properties"]["plugin"]["const"] == "openai") openai = &rule["then"]["properties"]["options"];
    }
    ASSERT_NE(openai, nullptr);
    EXPECT_EQ((*openai)["description"], "The plugin openai.");
    EXPECT_EQ((*openai)["required"], json::array({"model"}));
    EXPECT_EQ((*openai)["additionalProperties"], false);
    const json& rows = (*openai)["properties"];
    EXPECT_EQ(rows["model"]["description"], "The model's name.");
    EXPECT_EQ(rows["api_key"]["writeOnly"], true);
    EXPECT_EQ(rows["pull"]["default"], false);
    EXPECT_EQ(rows["query"]["default"], json::object());
    EXPECT_EQ(rows["timeout"]["description"], "Of a call. Expected: a duration between 10ms and 1h.");
    EXPECT_FALSE(rows["ca_file"].contains("default"));
}

}  // namespace
}  // namespace embedq::config::testing

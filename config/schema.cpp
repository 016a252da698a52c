#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/configuration.h"
#include "config/host.h"
#include "config/text.h"
#include "config/values.h"
#include "embedq/support/ids.h"

namespace embedq::config {
namespace {

// Keeps keys in the order in which they are inserted, which editors show.
using Json = nlohmann::ordered_json;

constexpr const char* variable_pattern = R"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\})";

Json reference(const char* name) {
    return {{"$ref", std::string("#/$defs/") + name}};
}

Json any_of(std::initializer_list<Json> forms) {
    return {{"anyOf", Json(forms)}};
}

Json bounded(Json schema, const OptionSpec& spec) {
    if (spec.minimum)
        schema["minimum"] =
            spec.type == OptionType::number ? Json(*spec.minimum) : Json(static_cast<std::int64_t>(*spec.minimum));
    if (spec.maximum)
        schema["maximum"] =
            spec.type == OptionType::number ? Json(*spec.maximum) : Json(static_cast<std::int64_t>(*spec.maximum));
    return schema;
}

// One text of an option; for a secret, also a file or a command.
Json text_schema(const OptionSpec& spec) {
    if (spec.choices != nullptr) return any_of({{{"enum", split(spec.choices, '|')}}, reference("variable")});
    const char* const text = spec.required && spec.type == OptionType::text ? "text_written" : "text";
    if (spec.secret) return any_of({reference(text), reference("secret_file"), reference("secret_command")});
    return reference(text);
}

// A bare number of bytes can be compared; one with a unit cannot.
Json size_schema(const OptionSpec& spec) {
    if (!spec.minimum && !spec.maximum) return reference("size");
    Json number = bounded({{"type", "integer"}}, spec);
    return {{"$ref", "#/$defs/size"}, {"if", {{"type", "integer"}}}, {"then", std::move(number)}};
}

Json plain_schema(const OptionSpec& spec) {
    switch (spec.type) {
        case OptionType::boolean: return any_of({{{"type", "boolean"}}, reference("variable")});
        case OptionType::integer: return any_of({bounded({{"type", "integer"}}, spec), reference("variable")});
        case OptionType::number: return any_of({bounded({{"type", "number"}}, spec), reference("variable")});
        case OptionType::duration: return reference("duration");
        case OptionType::size: return size_schema(spec);
        case OptionType::path: return reference("text_written");
        case OptionType::text: return text_schema(spec);
        case OptionType::text_list:
            return any_of({{{"type", "array"}, {"items", text_schema(spec)}}, text_schema(spec)});
        case OptionType::text_map: {
            const Json nested = {{"type", Json::array({"object", "array"})}};  // given to the plugin as JSON
            return {{"type", "object"},
                    {"additionalProperties", spec.secret ? text_schema(spec) : any_of({text_schema(spec), nested})}};
        }
    }
    return Json::object();
}

// A secret may also be in a file or come from a command; for texts, lists and maps that is part of the schema of each
// text.
Json value_schema(const OptionSpec& spec) {
    const bool of_texts =
        spec.type == OptionType::text || spec.type == OptionType::text_list || spec.type == OptionType::text_map;
    if (!spec.secret || of_texts) return plain_schema(spec);
    return any_of({plain_schema(spec), reference("secret_file"), reference("secret_command")});
}

Json default_json(const OptionSpec& spec) {
    const auto value = convert(spec, spec.default_value, std::nullopt);
    if (!value || spec.type == OptionType::duration || spec.type == OptionType::size) return spec.default_value;
    return std::visit(
        [](const auto& v) -> Json {
            if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::chrono::milliseconds>)
                return v.count();
            else
                return v;
        },
        *value);
}

Json option_schema(const OptionSpec& spec) {
    Json schema = value_schema(spec);
    std::string help = spec.help;
    // A schema cannot compare durations and sizes with units, so the description states the bounds.
    const bool bounded_text =
        (spec.type == OptionType::duration || spec.type == OptionType::size) && (spec.minimum || spec.maximum);
    if (bounded_text) help += fmt::format("{}Expected: {}.", help.empty() ? "" : " ", expectation(spec));
    if (!help.empty()) schema["description"] = help;
    if (spec.default_value != nullptr && !spec.secret) schema["default"] = default_json(spec);
    if (spec.secret) schema["writeOnly"] = true;
    return schema;
}

Json object(const char* description) {
    return {{"type", Json::array({"object", "null"})},
            {"description", description},
            {"properties", Json::object()},
            {"additionalProperties", false}};
}

Json table_schema(std::span<const OptionSpec> table, const char* description) {
    Json schema = object(description);
    for (const OptionSpec& spec : table) schema["properties"][spec.name] = option_schema(spec);
    return schema;
}

// The rule that applies when `plugin` has this name.
Json plugin_rule(PluginKind kind, const PluginTable& table) {
    Json options = table_schema(table.options, table.summary.c_str());
    Json required = Json::array();
    for (const OptionSpec& spec : table.options) {
        if (spec.required && spec.default_value == nullptr && !host_supplies(kind, table.name, spec.name))
            required.push_back(spec.name);
    }
    Json then = {{"type", "object"}, {"properties", {{"options", nullptr}}}};
    if (!required.empty()) {
        options["type"] = "object";
        options["required"] = required;
        then["required"] = {"options"};
    }
    then["properties"]["options"] = std::move(options);
    return {
        {"if", {{"type", "object"}, {"properties", {{"plugin", {{"const", table.name}}}}}, {"required", {"plugin"}}}},
        {"then", std::move(then)}};
}

Json instance_schema(PluginKind kind, PluginTables& tables, const char* description) {
    Json schema = object(description);
    Json choices = Json::array();
    Json rules = Json::array();
    for (const std::string& name : tables.names(kind)) {
        const auto table = tables.find(kind, name);
        if (!table) continue;
        choices.push_back({{"const", name}, {"description", table->summary}});
        rules.push_back(plugin_rule(kind, *table));
    }
    choices.push_back(reference("variable"));
    schema["properties"]["plugin"] = {{"description", fmt::format("The name of a {} plugin.", embedq::to_string(kind))},
                                      {"anyOf", std::move(choices)}};
    schema["properties"]["options"] = {
        {"description", fmt::format("The options of the {} plugin, by their names.", embedq::to_string(kind))},
        {"type", Json::array({"object", "null"})}};
    schema["required"] = {"plugin"};
    if (!rules.empty()) schema["allOf"] = std::move(rules);
    return schema;
}

Json quantity(const char* description, const char* pattern, const std::vector<std::string>& examples, Json bare) {
    return {
        {"description", description},
        {"examples", examples},
        {"anyOf", Json::array({std::move(bare), {{"type", "string"}, {"pattern", pattern}}, reference("variable")})}};
}

Json definitions() {
    return {
        {"variable",
         {{"type", "string"},
          {"pattern", variable_pattern},
          {"description", "Taken from the environment: ${NAME} or ${NAME:-default}."}}},
        {"text", {{"type", Json::array({"string", "number", "boolean"})}}},
        {"text_written", {{"type", Json::array({"string", "number", "boolean"})}, {"minLength", 1}}},
        {"duration", quantity("A number with its unit: ms, s, m, h or d.", "^(0|[0-9]+(ms|s|m|h|d))$",
                              {"250ms", "20s", "5m", "1h", "14d"}, {{"const", 0}})},
        {"size", quantity("Bytes, or a number with its unit: B, KiB, MiB, GiB or TiB.", "^[0-9]+(B|KiB|MiB|GiB|TiB)?$",
                          {"64KiB", "10MiB", "1GiB"}, {{"type", "integer"}, {"minimum", 0}})},
        {"secret_file",
         {{"type", "object"},
          {"description",
           "The secret is the content of this file; a relative path starts at the configuration's folder."},
          {"properties",
           {{"file",
             {{"description", "The path of the file that holds the secret."}, {"type", "string"}, {"minLength", 1}}}}},
          {"required", {"file"}},
          {"additionalProperties", false}}},
        {"secret_command",
         {{"type", "object"},
          {"description", "The secret is the first line that this command prints. It runs without a shell."},
          {"properties",
           {{"command",
             {{"description", "The program and its arguments."},
              {"type", "array"},
              {"items", {{"type", Json::array({"string", "number", "boolean"})}}},
              {"minItems", 1}}}}},
          {"required", {"command"}},
          {"additionalProperties", false}}},
    };
}

Json providers_schema(PluginTables& tables) {
    Json provider = instance_schema(PluginKind::provider, tables, "A provider: turns texts into vectors.");
    provider["type"] = "object";
    provider["title"] = "provider";  // the name that an editor shows when it offers a whole one
    provider["properties"]["limits"] = table_schema(limits_table().specs(), "The limits on requests to the provider.");
    return {{"type", Json::array({"object", "null"})},
            {"description", "Providers by the names that `embedding` uses."},
            {"propertyNames", {{"pattern", instance_name_form}, {"not", {{"const", no_provider}}}}},
            {"additionalProperties", std::move(provider)}};
}

Json embedding_schema() {
    Json schema = table_schema(embedding_table().specs(), "Which provider embeds which catalog.");
    schema["properties"]["provider"] = {
        {"type", "string"}, {"description", "The default for every catalog: a name under `providers`, or none."}};
    schema["properties"]["catalogs"] = {{"type", Json::array({"object", "null"})},
                                        {"description", "The exceptions: a provider, or none, by catalog id."},
                                        {"propertyNames", {{"pattern", catalog_id_pattern}}},
                                        {"additionalProperties", {{"type", "string"}}}};
    return schema;
}

}  // namespace

std::string schema(PluginTables& tables) {
    Json plugins = object("Where plugins are found.");
    plugins["properties"]["paths"] = option_schema(plugin_paths_spec());
    for (Json& form : plugins["properties"]["paths"]["anyOf"])
        (form.contains("items") ? form["items"] : form) = reference("text_written");
    Json scheduler = table_schema(scheduler_table().specs(), "How jobs are held, retried and kept.");
    scheduler["properties"]["backoff"] =
        table_schema(backoff_table().specs(), "How long a failed job waits for its next attempt.");
    Json service =
        instance_schema(PluginKind::service, tables, "A service: runs beside the scheduler in `embedq serve`.");
    service["type"] = "object";

    Json schema = {
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"title", "embedq configuration"},
        {"type", "object"},
        {"required", {"version"}},
        {"additionalProperties", false},
        {"properties",
         {{"version", {{"const", 1}, {"description", "The version of this format."}}},
          {"plugins", std::move(plugins)},
          {"store",
           instance_schema(PluginKind::store, tables, "The queue backend: catalogs, jobs and vectors in one place.")},
          {"notifier", instance_schema(PluginKind::notifier, tables, "What wakes idle workers.")},
          {"providers", providers_schema(tables)},
          {"embedding", embedding_schema()},
          {"scheduler", std::move(scheduler)},
          {"fetch", table_schema(fetch_table().specs(), "How documents are fetched by URL.")},
          {"services",
           {{"type", Json::array({"array", "null"})},
            {"description", "What runs beside the scheduler."},
            {"items", std::move(service)}}},
          {"logging", table_schema(logging_table().specs(), "The log, on standard error.")}}},
        {"$defs", definitions()},
    };
    return schema.dump(2) + "\n";
}

}  // namespace embedq::config

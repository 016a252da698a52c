#include "synthetic.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "catalog/hash.h"

namespace embedq::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array verbs = {"list",   "get",    "create", "update",  "delete",
                              "cancel", "search", "export", "archive", "approve"};
constexpr std::array methods = {"GET", "GET", "POST", "PATCH", "DELETE", "POST", "GET", "POST", "PUT", "POST"};
static_assert(verbs.size() == methods.size());

constexpr std::array nouns = {
    "user",      "account", "invoice",  "payment",  "order",     "customer",  "project",  "repository", "issue",
    "message",   "webhook", "event",    "file",     "folder",    "product",   "price",    "team",       "member",
    "token",     "session", "report",   "shipment", "address",   "refund",    "charge",   "balance",    "domain",
    "record",    "server",  "volume",   "snapshot", "image",     "cluster",   "node",     "secret",     "policy",
    "role",      "group",   "alert",    "metric",   "dashboard", "campaign",  "contact",  "template",   "document",
    "comment",   "label",   "branch",   "pipeline", "release",   "artifact",  "device",   "location",   "booking",
    "ticket",    "queue",   "schedule", "article",  "calendar",  "recording", "playlist", "channel",    "survey",
    "insurance", "claim",   "vehicle"};

constexpr std::array adjectives = {"active",  "pending", "public",   "private",   "recent",
                                   "default", "shared",  "archived", "scheduled", "external"};

constexpr std::array phrases = {"Returns the result in pages, newest first.",
                                "Requires the write scope of the token that is used.",
                                "The request is repeated safely with the same idempotency key.",
                                "Fails when the parent was deleted or its owner is suspended.",
                                "Changes become visible to other clients within a few seconds.",
                                "Only administrators of the organisation may call this."};

constexpr std::array asked = {"create an invoice for a customer",
                              "how do I refund a payment",
                              "list the members of a team",
                              "delete a webhook",
                              "export a report as a file",
                              "which servers are in a cluster",
                              "change the price of a product",
                              "cancel a scheduled shipment",
                              "search comments of an issue",
                              "rotate the secret of an account",
                              "get the balance",
                              "approve a pending claim",
                              "archive old recordings",
                              "send a message to a channel",
                              "take a snapshot of a volume",
                              "book a vehicle at a location"};

// The long tail: names that few documents have.
std::string rare_name(Random& random) {
    constexpr std::array syllables = {"ka", "lo", "mi", "ter", "vo", "zan", "pri", "sel", "dor", "quin", "ba", "neth"};
    std::string name;
    for (int i = 0; i < 3; ++i) name += syllables.at(random.below(syllables.size()));
    return name;
}

std::string capital(std::string word) {
    if (!word.empty() && word.front() >= 'a' && word.front() <= 'z')
        word.front() = static_cast<char>(word.front() - 'a' + 'A');
    return word;
}

// The description is the last line of a canonical text.
std::string description_of(const Operation& operation) {
    return operation.text.substr(operation.text.rfind('\n') + 1);
}

Operation make_operation(std::size_t number, Random& random) {
    const std::size_t verb = random.below(verbs.size());
    const std::string parent = nouns.at(random.skewed(nouns.size()));
    const std::string child = nouns.at(random.skewed(nouns.size()));
    const std::string adjective = adjectives.at(random.below(adjectives.size()));
    const std::string name = rare_name(random);
    Operation operation;
    operation.method = methods.at(verb);
    operation.path = "/" + name + "/" + parent + "s/{" + parent + "_id}/" + child + "s/" + std::to_string(number);
    operation.operation_id =
        std::string(verbs.at(verb)) + capital(name) + capital(parent) + capital(child) + std::to_string(number);
    operation.summary = capital(verbs.at(verb)) + " the " + adjective + " " + child + "s of a " + parent;
    operation.tags = {name, parent + "s"};
    operation.text = operation.summary + "\n" + verbs.at(verb) + " " + name + " " + parent + "s " + child + "s " +
                     std::to_string(number) + "\n" + name + ", " + parent + "s\n" +
                     phrases.at(random.below(phrases.size())) + " " + phrases.at(random.below(phrases.size())) +
                     " See also the " + child + " guide of " + rare_name(random) + ".";
    operation.text_hash = catalog::sha256(operation.text);
    return operation;
}

Json parameter(std::string_view name, std::string_view in, std::string_view type) {
    return {
        {"name", name},
        {"in", in},
        {"required", in == "path"},
        {"description", "Says which " + std::string(name) + " is meant; the service's own identifiers are taken, too."},
        {"schema", {{"type", type}, {"example", "a1b2c3"}, {"maxLength", 64}}}};
}

Json answer(std::string_view description) {
    const Json properties = {
        {"id", {{"type", "string"}, {"format", "uuid"}, {"description", "Never used a second time."}}},
        {"created_at", {{"type", "string"}, {"format", "date-time"}}},
        {"amount", {{"type", "number"}, {"minimum", 0.5}, {"maximum", 1e6}}},
        {"state", {{"type", "string"}, {"enum", {"draft", "open", "closed"}}}}};
    return {
        {"description", description},
        {"content",
         {{"application/json", {{"schema", {{"type", "object"}, {"properties", properties}, {"required", {"id"}}}}}}}}};
}

Json document_of(std::span<const Operation> operations) {
    Json paths = Json::object();
    for (const Operation& operation : operations) {
        Json node;
        node["operationId"] = operation.operation_id;
        node["summary"] = operation.summary;
        node["description"] = description_of(operation);
        node["tags"] = operation.tags;
        node["parameters"] = {parameter("parent", "path", "string"), parameter("page", "query", "integer"),
                              parameter("order", "query", "string")};
        node["responses"] = {{"200", answer("What was asked for.")}, {"404", answer("There is none.")}};
        std::string method = operation.method;
        for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
        paths[operation.path][method] = std::move(node);
    }
    return {{"openapi", "3.0.3"}, {"info", {{"title", "Synthetic"}, {"version", "1"}}}, {"paths", std::move(paths)}};
}

bool is_plain(std::string_view text) {
    return !text.empty() && text.find_first_of(":#{}[],&*!|>'\"%@`\n-?") == std::string_view::npos &&
           text.find_first_not_of("0123456789.") != std::string_view::npos;
}

std::string yaml_scalar(const Json& value) {
    return value.is_string() && is_plain(value.get_ref<const std::string&>()) ? value.get<std::string>() : value.dump();
}

// Block style, as people write it.
void append_yaml(const Json& node, std::size_t indent, std::string& to) {
    const std::string margin(indent, ' ');
    const auto append_value = [&](const Json& value) {
        if (value.is_structured()) {
            to += '\n';
            append_yaml(value, indent + 2, to);
        } else {
            to += ' ' + yaml_scalar(value) + '\n';
        }
    };
    if (node.is_array()) {
        for (const Json& item : node) {
            to += margin + '-';
            append_value(item);
        }
        return;
    }
    for (const auto& [key, value] : node.items()) {
        to += margin + yaml_scalar(Json(key)) + ':';
        append_value(value);
    }
}

}  // namespace

std::uint64_t Random::next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

double Random::unit() {
    return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

std::size_t Random::below(std::size_t bound) {
    return static_cast<std::size_t>(unit() * static_cast<double>(bound));
}

std::size_t Random::skewed(std::size_t bound) {
    const double u = unit();
    return static_cast<std::size_t>(u * u * u * static_cast<double>(bound));
}

std::vector<Operation> make_operations(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<Operation> operations;
    operations.reserve(count);
    for (std::size_t i = 0; i < count; ++i) operations.push_back(make_operation(i, random));
    return operations;
}

std::string openapi_json(std::span<const Operation> operations) {
    return document_of(operations).dump(2);
}

std::string openapi_yaml(std::span<const Operation> operations) {
    std::string text;
    append_yaml(document_of(operations), 0, text);
    return text;
}

std::vector<float> make_vector(std::size_t dimension, Random& random) {
    std::vector<float> values(dimension);
    for (float& value : values) value = static_cast<float>(random.unit() * 2 - 1);
    return values;
}

std::span<const char* const> questions() {
    return asked;
}

}  // namespace embedq::bench

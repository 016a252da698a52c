#include "catalog/openapi_parts.h"

#include <algorithm>
#include <array>

#include "catalog/raw_document.h"

namespace embedq::catalog {
namespace {

struct Row {
    Part parent;
    std::string_view key;
    Part part;
};

// Sorted by parent, since the rows of one are searched.
constexpr std::array rows{
    Row{Part::root, "info", Part::info},
    Row{Part::root, "paths", Part::items},
    Row{Part::root, "webhooks", Part::items},
    Row{Part::root, "components", Part::components},
    Row{Part::root, "servers", Part::servers},
    Row{Part::root, "tags", Part::tags},
    Row{Part::root, "security", Part::object_list},
    Row{Part::root, "definitions", Part::schemas},
    Row{Part::root, "parameters", Part::named_parameters},
    Row{Part::root, "responses", Part::responses},
    Row{Part::root, "securityDefinitions", Part::objects},
    Row{Part::info, "contact", Part::object},
    Row{Part::info, "license", Part::object},
    Row{Part::item, "parameters", Part::parameters},
    Row{Part::item, "servers", Part::servers},
    Row{Part::item, "additionalOperations", Part::operations},
    Row{Part::operation, "parameters", Part::parameters},
    Row{Part::operation, "requestBody", Part::body},
    Row{Part::operation, "responses", Part::responses},
    Row{Part::operation, "callbacks", Part::callbacks},
    Row{Part::operation, "security", Part::object_list},
    Row{Part::operation, "servers", Part::servers},
    Row{Part::operation, "tags", Part::texts},
    Row{Part::operation, "consumes", Part::texts},
    Row{Part::operation, "produces", Part::texts},
    Row{Part::parameter, "schema", Part::schema},
    Row{Part::parameter, "items", Part::schema},
    Row{Part::parameter, "content", Part::content},
    Row{Part::parameter, "examples", Part::examples},
    Row{Part::body, "content", Part::content},
    Row{Part::response, "headers", Part::headers},
    Row{Part::response, "content", Part::content},
    Row{Part::response, "schema", Part::schema},
    Row{Part::response, "links", Part::objects},
    Row{Part::media, "schema", Part::schema},
    Row{Part::media, "itemSchema", Part::schema},
    Row{Part::media, "examples", Part::examples},
    Row{Part::schema, "properties", Part::schemas},
    Row{Part::schema, "patternProperties", Part::schemas},
    Row{Part::schema, "$defs", Part::schemas},
    Row{Part::schema, "items", Part::schema},
    Row{Part::schema, "not", Part::schema},
    Row{Part::schema, "additionalProperties", Part::schema},
    Row{Part::schema, "allOf", Part::schema_list},
    Row{Part::schema, "oneOf", Part::schema_list},
    Row{Part::schema, "anyOf", Part::schema_list},
    Row{Part::schema, "required", Part::texts},
    Row{Part::header, "schema", Part::schema},
    Row{Part::components, "schemas", Part::schemas},
    Row{Part::components, "responses", Part::responses},
    Row{Part::components, "parameters", Part::named_parameters},
    Row{Part::components, "examples", Part::examples},
    Row{Part::components, "requestBodies", Part::bodies},
    Row{Part::components, "headers", Part::headers},
    Row{Part::components, "securitySchemes", Part::objects},
    Row{Part::components, "links", Part::objects},
    Row{Part::components, "callbacks", Part::callbacks},
    Row{Part::components, "pathItems", Part::items},
};

// What all values of a map are, apart from extensions.
Part value_of(Part map) {
    switch (map) {
        case Part::items: return Part::item;
        case Part::operations: return Part::operation;
        case Part::named_parameters: return Part::parameter;
        case Part::bodies: return Part::body;
        case Part::responses: return Part::response;
        case Part::content: return Part::media;
        case Part::schemas: return Part::schema;
        case Part::headers: return Part::header;
        case Part::callbacks: return Part::items;
        case Part::examples:
        case Part::objects: return Part::object;
        default: return Part::anything;
    }
}

}  // namespace

Part part_at(Part parent, std::string_view key) {
    if (parent == Part::anything || key == "$ref") return Part::anything;
    // Only schemas may have any name.
    if (key.starts_with("x-") && parent != Part::schemas) return Part::anything;
    if (const Part value = value_of(parent); value != Part::anything) return value;
    if (parent == Part::item && std::ranges::find(methods, key, &Method::key) != methods.end()) return Part::operation;
    const auto [first, last] = std::ranges::equal_range(rows, parent, {}, &Row::parent);
    const auto row = std::find_if(first, last, [key](const Row& known) { return known.key == key; });
    return row == last ? Part::anything : row->part;
}

Part item_of(Part parent) {
    switch (parent) {
        case Part::parameters: return Part::parameter;
        case Part::schema_list: return Part::schema;
        case Part::tags: return Part::tag;
        case Part::servers: return Part::server;
        case Part::object_list: return Part::object;
        default: return Part::anything;
    }
}

std::string_view usual_field(Part part) {
    switch (part) {
        case Part::operation: return "responses";
        case Part::parameter: return "in";
        case Part::body: return "content";
        case Part::response: return "description";
        case Part::tag: return "name";
        case Part::server: return "url";
        default: return {};
    }
}

bool requires_field(Part part, std::string_view version) {
    const auto is_from = [version](std::string_view first) { return version.starts_with("3.") && version >= first; };
    if (part == Part::operation) return !is_from("3.1");
    if (part == Part::response) return !is_from("3.2");
    return !usual_field(part).empty();
}

bool is_never_empty(Part part) {
    switch (part) {
        case Part::items:
        case Part::item:
        case Part::operation:
        case Part::parameter:
        case Part::body:
        case Part::responses:
        case Part::response:
        case Part::content:
        case Part::media:
        case Part::schema:
        case Part::schema_list:
        case Part::header: return true;
        default: return false;
    }
}

std::string_view name_of(Part part) {
    switch (part) {
        case Part::anything: return "a value";
        case Part::item: return "a path item";
        case Part::operation: return "an operation";
        case Part::parameter: return "a parameter";
        case Part::body: return "a request body";
        case Part::response: return "a response";
        case Part::media: return "a media type";
        case Part::schema: return "a schema";
        case Part::header: return "a header";
        case Part::tag: return "a tag";
        case Part::server: return "a server";
        case Part::parameters:
        case Part::schema_list:
        case Part::object_list:
        case Part::tags:
        case Part::servers:
        case Part::texts: return "a list";
        default: return "an object";
    }
}

}  // namespace embedq::catalog

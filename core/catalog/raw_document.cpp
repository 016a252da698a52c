#include "catalog/raw_document.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/ascii.h"
#include "catalog/encoding.h"
#include "catalog/hidden.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_additional = 32;  // operations of one path item; what they share is read for each of them
constexpr std::size_t max_method_bytes = 64;
constexpr std::size_t max_searched_key = 200;

// Fields of a path item that name no operation, and fields of operations.
constexpr std::array<std::string_view, 2> fields_of_items{"servers", "parameters"};
constexpr std::array<std::string_view, 8> fields_of_operations{"responses",    "requestBody", "deprecated", "security",
                                                               "externalDocs", "consumes",    "produces",   "schemes"};

// A method's name by the grammar of HTTP.
bool is_method(std::string_view name) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !name.empty() && name.size() <= max_method_bytes && std::ranges::all_of(name, [marks](char c) {
        return is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
    });
}

std::string no_reference(std::string_view kind) {
    const bool is_text = kind == "string" || kind == "scalar";
    return fmt::format("it is {}, expected a reference", is_text ? "an empty text" : with_article(kind));
}

}  // namespace

RawOperation& RawPathItem::add(std::string_view method, std::string key, bool is_3_2) {
    auto& operation = operations.emplace_back();
    operation.method = method;
    operation.key = std::move(key);
    operation.is_3_2 = is_3_2;
    return operation;
}

void RawPathItem::ignore(std::string key, std::string_view kind) {
    ignored.push_back({std::move(key), fmt::format("it is {}, expected an object", with_article(kind))});
}

void RawPathItem::add_unread(std::string_view key, bool is_object) {
    if (key.starts_with("x-") || std::ranges::find(fields_of_items, key) != fields_of_items.end()) return;
    if (std::ranges::find(fields_of_operations, key) != fields_of_operations.end()) {
        has_fields_of_operations = true;
    } else if (has_hidden(key.substr(0, max_searched_key))) {
        ignored.push_back({std::string(key), std::string(unseen_reason)});
    } else if (is_object) {
        ignored.push_back({std::string(key), "OpenAPI has no such method in a path item"});
    }
}

void RawPathItem::add_no_reference(std::string_view kind) {
    ignored.push_back({"$ref", no_reference(kind)});
}

void RawPathItem::add_no_reference_of_operation(std::string_view kind) {
    ignored.push_back({operations.back().key + ".$ref", no_reference(kind), false});
}

void RawPathItem::add_unread_in_operation(std::string_view key) {
    if (has_hidden(key.substr(0, max_searched_key)))
        ignored.push_back({fmt::format("{}.{}", operations.back().key, key), std::string(unseen_reason), false});
}

void RawPathItem::add_misplaced(std::string_view key) {
    ignored.push_back(
        {fmt::format("{}.{}", operations.back().key, key), "it stands in an operation; its indentation may be wrong"});
}

void RawDocument::add_root_key(std::string_view key) {
    if (is_path_or_method(key) && misplaced.size() < max_notes) misplaced.emplace_back(key);
    std::string as_written = shortened(key, max_searched_key);
    std::string visible = made_visible(as_written);
    if (misspelt.size() < max_root_keys && visible != as_written) misspelt.push_back(std::move(as_written));
    if (root_keys.size() < max_root_keys) root_keys.push_back(std::move(visible));
}

bool RawPathItem::accepts_additional(const std::string& method) {
    const bool is_name = is_method(method);
    if (is_name && additional_ < max_additional) {
        ++additional_;
        return true;
    }
    ignored.push_back({"additionalOperations." + method,
                       is_name ? fmt::format("at most {} additional operations of one path are read", max_additional)
                               : std::string("its name is not a method of HTTP")});
    return false;
}

}  // namespace embedq::catalog

#include "catalog/json_walker.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/document.h"
#include "catalog/encoding.h"
#include "catalog/json_token.h"

namespace embedq::catalog {
namespace {

namespace od = simdjson::ondemand;

std::string_view trimmed(std::string_view token) {
    const auto end = token.find_last_not_of(" \t\r\n");
    return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace

std::string_view kind_name(od::json_type type) {
    switch (type) {
        case od::json_type::array: return "array";
        case od::json_type::object: return "object";
        case od::json_type::number: return "number";
        case od::json_type::string: return "string";
        case od::json_type::boolean: return "boolean";
        case od::json_type::null: return "null";
    }
    return "value";
}

JsonWalker::JsonWalker(std::string_view content, const Limits& limits, Work& work)
    : limits_(limits), content_(content), work_(work), padded_(content), end_(padded_.data() + padded_.size()) {}

bool JsonWalker::broken(const char* at, std::string_view expected, std::string_view hint) {
    const auto offset =
        at != nullptr && at >= padded_.data() && at <= end_ ? static_cast<std::size_t>(at - padded_.data()) : 0;
    const bool ended =
        trimmed(content_.substr(0, std::min(offset, content_.size()))).size() == trimmed(content_).size();
    const std::string found = ended || offset >= content_.size() ? std::string("the end of the document")
                                                                 : fmt::format("\"{}\"", excerpt(content_, offset));
    broken_at_ = std::min(offset, content_.size());
    error_ =
        Error{ErrorKind::invalid_argument,
              fmt::format("the JSON is broken at {}: {}, found {}", position_text(content_, offset), expected, found),
              std::string(hint)};
    return false;
}

bool JsonWalker::refused(const char* at, std::string_view what, std::string_view hint) {
    error_ = Error{ErrorKind::invalid_argument,
                   fmt::format("{}: {}", position_text(content_, static_cast<std::size_t>(at - padded_.data())), what),
                   std::string(hint)};
    return false;
}

bool JsonWalker::go_on() {
    if (work_.go_on()) return true;
    error_ = work_.error();
    return false;
}

bool JsonWalker::broken(simdjson::error_code error) {
    const auto broken_string = [this] { return padded_.data() + find_broken_string(content_).value_or(0); };
    switch (error) {
        case simdjson::UNCLOSED_STRING:
            return broken(broken_string(), "this string is never closed", "the document may be truncated");
        case simdjson::UNESCAPED_CHARS:
            return broken(broken_string(), "expected no unescaped control character inside a string");
        case simdjson::MEMALLOC: error_ = Error{ErrorKind::internal, "out of memory while parsing JSON"}; return false;
        case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
            if (const auto text = trimmed(content_); !text.ends_with('}')) {
                const auto last = utf8_floor(text, text.size() - 1);
                return broken(padded_.data() + last, "expected a last \"}\"",
                              "the document is truncated or has something after it");
            }
            break;
        default: break;
    }
    const char* at = nullptr;
    if (document_.current_location().get(at) != simdjson::SUCCESS) at = end_;
    return broken(at, error == simdjson::STRING_ERROR ? "expected a string that is valid Unicode"
                                                      : "expected a key, a value, \",\" or a closing bracket here");
}

bool JsonWalker::open_root(od::object& root) {
    if (const auto error = parser_.iterate(padded_).get(document_)) return broken(error);
    if (const auto error = document_.get_object().get(root)) return broken(error);
    return true;
}

bool JsonWalker::ends_here() {
    const char* at = nullptr;
    return document_.current_location().get(at) != simdjson::SUCCESS ||
           broken(at, "expected nothing after the document's last \"}\"");
}

bool JsonWalker::read_key(od::field& field, std::string_view& key) {
    key_at_ = field.key().raw();
    if (!check_string(key_at_)) return false;
    const auto error = field.unescaped_key().get(key);
    return error == simdjson::SUCCESS || broken(error);
}

bool JsonWalker::too_deep() {
    const char* at = nullptr;
    if (document_.current_location().get(at) != simdjson::SUCCESS) at = end_;
    return refused(at, fmt::format("objects and arrays are nested deeper than {} levels", limits_.max_depth));
}

bool JsonWalker::type_of(od::value& value, od::json_type& type) {
    if (value.type().get(type) == simdjson::SUCCESS) return true;
    return broken(value.raw_json_token().data(), "expected a value");
}

// `at` is after the opening quote.
bool JsonWalker::check_string(const char* at) {
    const auto bad = find_bad_escape({at, static_cast<std::size_t>(end_ - at)});
    return !bad || broken(at + *bad, "expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
}

bool JsonWalker::check_scalar(od::value& value, od::json_type type) {
    const std::string_view token = value.raw_json_token();
    const std::string_view text = trimmed(token);
    switch (type) {
        case od::json_type::string: return check_string(token.data() + 1);
        case od::json_type::number: return is_json_number(text) || broken(token.data(), "expected a number");
        case od::json_type::boolean:
            return text == "true" || text == "false" || broken(token.data(), "expected true or false");
        default: return text == "null" || broken(token.data(), "expected null");
    }
}

bool JsonWalker::skip(od::value value, std::size_t depth) {
    od::json_type type{};
    if (!type_of(value, type)) return false;
    if (type == od::json_type::array) {
        return each_element(value, depth, [&](od::value element) { return skip(element, depth + 1); });
    }
    if (type != od::json_type::object) return check_scalar(value, type);
    if (depth > limits_.max_depth) return too_deep();
    od::object object;
    if (const auto error = value.get_object().get(object)) return broken(error);
    for (auto entry : object) {
        od::field field;
        if (const auto error = std::move(entry).get(field)) return broken(error);
        if (!go_on()) return false;
        if (!check_string(field.key().raw()) || !skip(std::move(field).value(), depth + 1)) return false;
    }
    return true;
}

bool JsonWalker::read_text(od::value value, std::size_t depth, std::optional<std::string>& text) {
    od::json_type type{};
    if (!type_of(value, type)) return false;
    if (type == od::json_type::array || type == od::json_type::object) return skip(value, depth);
    if (!check_scalar(value, type)) return false;
    if (type == od::json_type::null) return true;
    const std::string_view token = trimmed(value.raw_json_token());
    if (type != od::json_type::string) {
        text = token;
        return true;
    }
    std::string_view read;
    if (value.get_string().get(read) == simdjson::SUCCESS) {
        text = read;
        return true;
    }
    return repair_string(token, text);
}

bool JsonWalker::repair_string(std::string_view token, std::optional<std::string>& text) {
    const simdjson::padded_string repaired(without_lone_surrogates(token));
    od::parser parser;
    od::document document;
    std::string_view read;
    if (const auto error = parser.iterate(repaired).get(document)) return broken(error);
    if (document.get_string().get(read) != simdjson::SUCCESS)
        return broken(token.data(), "expected a string that is valid Unicode");
    text = read;
    return true;
}

bool JsonWalker::read_text(od::value value, std::size_t depth, std::string& text) {
    std::optional<std::string> read;
    if (!read_text(value, depth, read)) return false;
    if (read) text = std::move(*read);
    return true;
}

bool JsonWalker::once(KeysRead& keys, std::string_view key) {
    return keys.add(key) ||
           refused(key_at_, fmt::format("duplicate key \"{}\" in one object", shown(key)), "remove one of them");
}

}  // namespace embedq::catalog

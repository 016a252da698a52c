// The JSON reader: one pass of simdjson On-Demand that reads what operations are made of and validates everything else.
//
// On-Demand does not validate the values that it skips, so in the first pass nothing is skipped: each value is visited,
// and each scalar is checked as a raw token. Later passes, which only look up path items, do skip.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "catalog/encoding.h"
#include "catalog/json_token.h"
#include "catalog/raw_document.h"
#include "catalog/work.h"

namespace embedq::catalog {
namespace {

namespace od = simdjson::ondemand;

// The keys of one object that are read, to detect duplicates.
class KeysRead {
public:
    bool add(std::string_view key) {
        const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(count_);
        if (std::find(keys_.begin(), end, key) != end) return false;
        if (count_ < keys_.size()) keys_[count_++] = key;
        return true;
    }

private:
    std::array<std::string_view, 16> keys_;
    std::size_t count_ = 0;
};

// The pointers that one pass looks for, as a tree of keys.
struct Wanted {
    std::map<std::string, Wanted, std::less<>> next;
    const JsonPointer* target = nullptr;
};

std::string_view trimmed(std::string_view token) {
    const auto end = token.find_last_not_of(" \t\r\n");
    return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

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

class JsonReader final : public DocumentReader {
public:
    JsonReader(std::string_view content, const Limits& limits, Work& work)
        : content_(content), limits_(limits), work_(work), padded_(content), end_(padded_.data() + padded_.size()) {}

    Result<RawDocument> read() override {
        RawDocument raw;
        KeysRead keys;
        const bool done =
            walk_root([&](std::string_view key, od::value value) { return root_field(raw, keys, key, value); }, true);
        if (!done) return std::unexpected(std::move(error_));
        return raw;
    }

    Result<FoundItems> find(const std::vector<JsonPointer>& pointers) override {
        FoundItems found;
        std::vector<const JsonPointer*> left;
        for (const auto& pointer : pointers) left.push_back(&pointer);
        // A value can be read only once, so a pointer into the target of another one waits for the next pass.
        for (int pass = 0; pass < 4 && !left.empty(); ++pass) {
            Wanted wanted;
            std::erase_if(left, [&](const JsonPointer* pointer) { return place(wanted, *pointer); });
            const auto visit = [&](std::string_view key, od::value value) {
                const auto next = wanted.next.find(key);
                return next == wanted.next.end() || descend(value, next->second, 2, found);
            };
            if (!walk_root(visit, false)) return std::unexpected(std::move(error_));
        }
        return found;
    }

private:
    // The error is stored here, and callers return `false` upwards.
    bool broken(const char* at, std::string_view expected, std::string_view hint = {}) {
        const auto offset =
            at != nullptr && at >= padded_.data() && at <= end_ ? static_cast<std::size_t>(at - padded_.data()) : 0;
        const bool ended =
            trimmed(content_.substr(0, std::min(offset, content_.size()))).size() == trimmed(content_).size();
        const std::string found = ended || offset >= content_.size() ? std::string("the end of the document")
                                                                     : fmt::format("\"{}\"", excerpt(content_, offset));
        error_ = Error{
            ErrorKind::invalid_argument,
            fmt::format("the JSON is broken at {}: {}, found {}", position_text(content_, offset), expected, found),
            std::string(hint)};
        return false;
    }

    bool refused(const char* at, std::string_view what, std::string_view hint = {}) {
        error_ =
            Error{ErrorKind::invalid_argument,
                  fmt::format("{}: {}", position_text(content_, static_cast<std::size_t>(at - padded_.data())), what),
                  std::string(hint)};
        return false;
    }

    // Whether the work may go on.
    bool go_on() {
        if (work_.go_on()) return true;
        error_ = work_.error();
        return false;
    }

    bool broken(simdjson::error_code error) {
        const auto broken_string = [this] { return padded_.data() + find_broken_string(content_).value_or(0); };
        switch (error) {
            case simdjson::UNCLOSED_STRING:
                return broken(broken_string(), "this string is never closed", "the document may be truncated");
            case simdjson::UNESCAPED_CHARS:
                return broken(broken_string(), "expected no unescaped control character inside a string");
            case simdjson::MEMALLOC:
                error_ = Error{ErrorKind::internal, "out of memory while parsing JSON"};
                return false;
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

    // Visits the keys of the root object and checks that nothing follows it.
    template <class Visit>
    bool walk_root(Visit&& visit, bool to_the_end) {
        if (const auto error = parser_.iterate(padded_).get(document_)) return broken(error);
        od::object root;
        if (const auto error = document_.get_object().get(root)) return broken(error);
        if (!each_field(root, 1, visit)) return false;
        if (const char* at = nullptr; to_the_end && document_.current_location().get(at) == simdjson::SUCCESS) {
            return broken(at, "expected nothing after the document's last \"}\"");
        }
        return true;
    }

    template <class Visit>
    bool each_field(od::object& object, std::size_t depth, Visit&& visit) {
        if (depth > limits_.max_depth) return too_deep();
        for (auto entry : object) {
            od::field field;
            if (const auto error = std::move(entry).get(field)) return broken(error);
            if (!go_on()) return false;
            key_at_ = field.key().raw();
            if (!check_string(key_at_)) return false;
            std::string_view key;
            if (const auto error = field.unescaped_key().get(key)) return broken(error);
            if (!visit(key, std::move(field).value())) return false;
        }
        return true;
    }

    template <class Visit>
    bool each_field(od::value value, std::size_t depth, Visit&& visit) {
        od::object object;
        if (const auto error = value.get_object().get(object)) return broken(error);
        return each_field(object, depth, visit);
    }

    template <class Visit>
    bool each_element(od::value value, std::size_t depth, Visit&& visit) {
        if (depth > limits_.max_depth) return too_deep();
        od::array array;
        if (const auto error = value.get_array().get(array)) return broken(error);
        for (auto entry : array) {
            od::value element;
            if (const auto error = std::move(entry).get(element)) return broken(error);
            if (!go_on() || !visit(element)) return false;
        }
        return true;
    }

    bool too_deep() {
        const char* at = nullptr;
        if (document_.current_location().get(at) != simdjson::SUCCESS) at = end_;
        return refused(at, fmt::format("objects and arrays are nested deeper than {} levels", limits_.max_depth));
    }

    bool type_of(od::value& value, od::json_type& type) {
        if (value.type().get(type) == simdjson::SUCCESS) return true;
        return broken(value.raw_json_token().data(), "expected a value");
    }

    // `at` is after the opening quote.
    bool check_string(const char* at) {
        const auto bad = find_bad_escape({at, static_cast<std::size_t>(end_ - at)});
        return !bad || broken(at + *bad, "expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    }

    bool check_scalar(od::value& value, od::json_type type) {
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

    // Validates a value that is not read.
    bool skip(od::value value, std::size_t depth) {
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

    // A scalar as text; nothing for null. Objects and arrays are validated and skipped.
    bool read_text(od::value value, std::size_t depth, std::optional<std::string>& text) {
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

    bool repair_string(std::string_view token, std::optional<std::string>& text) {
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

    bool read_text(od::value value, std::size_t depth, std::string& text) {
        std::optional<std::string> read;
        if (!read_text(value, depth, read)) return false;
        if (read) text = std::move(*read);
        return true;
    }

    bool once(KeysRead& keys, std::string_view key) {
        return keys.add(key) ||
               refused(key_at_, fmt::format("duplicate key \"{}\" in one object", shown(key)), "remove one of them");
    }

    bool root_field(RawDocument& raw, KeysRead& keys, std::string_view key, od::value value) {
        if (raw.root_keys.size() < max_root_keys) raw.root_keys.push_back(shown(key));
        if (key != "openapi" && key != "swagger" && key != "info" && key != "paths") return skip(value, 2);
        if (!once(keys, key)) return false;
        if (key == "openapi") return read_text(value, 2, raw.openapi);
        if (key == "swagger") return read_text(value, 2, raw.swagger);
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (key == "paths") raw.paths_kind = kind_name(type);
        if (type != od::json_type::object) return skip(value, 2);
        return key == "info" ? info(raw, value) : paths(raw, value);
    }

    bool info(RawDocument& raw, od::value value) {
        KeysRead keys;
        return each_field(value, 2, [&](std::string_view key, od::value field) {
            std::string* const text = key == "title"         ? &raw.title
                                      : key == "version"     ? &raw.version
                                      : key == "description" ? &raw.description
                                                             : nullptr;
            if (text == nullptr) return skip(field, 3);
            return once(keys, key) && read_text(field, 3, *text);
        });
    }

    bool paths(RawDocument& raw, od::value value) {
        std::set<std::string_view>
            keys;  // ordered, since a document may be made so that its keys collide in a hash table
        return each_field(value, 2, [&](std::string_view key, od::value item) {
            if (key.starts_with("x-")) return skip(item, 3);
            if (!keys.insert(key).second)
                return refused(key_at_, fmt::format("duplicate path \"{}\"", shown(key)), "merge the two");
            return path_item(item, 3, raw.paths.emplace_back(key, RawPathItem{}).second);
        });
    }

    bool path_item(od::value value, std::size_t depth, RawPathItem& item) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::object) {
            if (type != od::json_type::null)
                item.ignored.push_back(fmt::format("it is {}, not an object", with_article(kind_name(type))));
            return skip(value, depth);
        }
        KeysRead keys;
        return each_field(value, depth, [&](std::string_view key, od::value field) {
            std::string* const text = key == "$ref"          ? &item.ref
                                      : key == "summary"     ? &item.summary
                                      : key == "description" ? &item.description
                                                             : nullptr;
            if (text != nullptr) return once(keys, key) && read_text(field, depth + 1, *text);
            const auto method = std::ranges::find(methods, key, &Method::key);
            if (method == methods.end()) return skip(field, depth + 1);
            return once(keys, key) && operation(field, depth + 1, *method, item);
        });
    }

    bool operation(od::value value, std::size_t depth, const Method& method, RawPathItem& item) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::object) {
            item.ignored.push_back(
                fmt::format("its \"{}\" is {}, not an object", method.key, with_article(kind_name(type))));
            return skip(value, depth);
        }
        auto& operation = item.operations.emplace_back();
        operation.method = method.name;
        KeysRead keys;
        return each_field(value, depth, [&](std::string_view key, od::value field) {
            std::string* const text = key == "operationId"   ? &operation.operation_id
                                      : key == "summary"     ? &operation.summary
                                      : key == "description" ? &operation.description
                                                             : nullptr;
            if (text != nullptr) return once(keys, key) && read_text(field, depth + 1, *text);
            if (key != "tags") return skip(field, depth + 1);
            return once(keys, key) && tags(field, depth + 1, operation.tags);
        });
    }

    bool tags(od::value value, std::size_t depth, std::vector<std::string>& texts) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::array) return skip(value, depth);
        return each_element(value, depth,
                            [&](od::value element) { return read_text(element, depth + 1, texts.emplace_back()); });
    }

    // Whether the pointer is looked up in this pass.
    bool place(Wanted& root, const JsonPointer& pointer) const {
        if (pointer.size() > limits_.max_depth) return true;
        Wanted* at = &root;
        for (const auto& key : pointer) {
            if (at->target != nullptr) return false;
            at = &at->next[key];
        }
        if (!at->next.empty()) return false;
        at->target = &pointer;
        return true;
    }

    bool descend(od::value value, const Wanted& wanted, std::size_t depth, FoundItems& found) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (wanted.target != nullptr) {
            return type != od::json_type::object || path_item(value, depth, found[*wanted.target]);
        }
        if (type == od::json_type::object) {
            return each_field(value, depth, [&](std::string_view key, od::value field) {
                const auto next = wanted.next.find(key);
                return next == wanted.next.end() || descend(field, next->second, depth + 1, found);
            });
        }
        std::size_t index = 0;
        return type != od::json_type::array || each_element(value, depth, [&](od::value element) {
                   const auto next = wanted.next.find(std::to_string(index++));
                   return next == wanted.next.end() || descend(element, next->second, depth + 1, found);
               });
    }

    std::string_view content_;
    Limits limits_;
    Work& work_;
    simdjson::padded_string padded_;
    const char* end_;
    od::parser parser_;
    od::document document_;
    const char* key_at_ = nullptr;  // the latest key, for messages
    Error error_;
};

}  // namespace

std::unique_ptr<DocumentReader> make_json_reader(std::string_view content, const Limits& limits, Work& work) {
    return std::make_unique<JsonReader>(content, limits, work);
}

}  // namespace embedq::catalog

// The JSON reader: one pass of simdjson On-Demand that reads what operations are made of and validates everything else.
//
// On-Demand does not validate the values that it skips, so in the first pass nothing is skipped: each value is visited,
// and each scalar is checked as a raw token. Later passes, which only look up path items, do skip.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "catalog/encoding.h"
#include "catalog/json_walker.h"
#include "catalog/raw_document.h"
#include "catalog/work.h"

namespace embedq::catalog {
namespace {

namespace od = simdjson::ondemand;

// The pointers that one pass looks for, as a tree of keys.
struct Wanted {
    std::map<std::string, Wanted, std::less<>> next;
    const JsonPointer* target = nullptr;
};

class JsonReader final : public DocumentReader, private JsonWalker {
public:
    JsonReader(std::string_view content, const Limits& limits, Work& work) : JsonWalker(content, limits, work) {}

    [[nodiscard]] std::optional<std::size_t> broken_at() const override { return broken_at_; }

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
        const TakeTarget take = [&](const JsonPointer& pointer, od::value value, std::size_t depth) {
            od::json_type type{};
            if (!type_of(value, type)) return false;
            return type != od::json_type::object || path_item(value, depth, found[pointer]);
        };
        // A value can be read only once, so a pointer into the target of another one waits for the next pass.
        for (int pass = 0; pass < 4 && !left.empty(); ++pass) {
            Wanted wanted;
            std::erase_if(left, [&](const JsonPointer* pointer) { return place(wanted, *pointer); });
            const auto visit = [&](std::string_view key, od::value value) {
                const auto next = wanted.next.find(key);
                return next == wanted.next.end() || descend(value, next->second, 2, take);
            };
            if (!walk_root(visit, false)) return std::unexpected(std::move(error_));
        }
        return found;
    }

    Result<bool> find_paths(const JsonPointer& pointer, RawDocument& raw) override {
        Wanted wanted;
        if (pointer.size() > limits_.max_depth || !place(wanted, pointer)) return false;
        bool is_there = false;
        const TakeTarget take = [&](const JsonPointer&, od::value value, std::size_t depth) {
            od::json_type type{};
            if (!type_of(value, type)) return false;
            is_there = type == od::json_type::object;
            return !is_there || items(raw.paths, value, depth, &raw.paths_ref);
        };
        const auto visit = [&](std::string_view key, od::value value) {
            const auto next = wanted.next.find(key);
            return next == wanted.next.end() || descend(value, next->second, 2, take);
        };
        if (!walk_root(visit, false)) return std::unexpected(std::move(error_));
        return is_there;
    }

private:
    // What a pass does with each value that it looks for.
    using TakeTarget = std::function<bool(const JsonPointer& pointer, od::value value, std::size_t depth)>;

    bool root_field(RawDocument& raw, KeysRead& keys, std::string_view key, od::value value) {
        raw.add_root_key(key);
        std::optional<std::string>* const version = key == "openapi"   ? &raw.openapi
                                                    : key == "swagger" ? &raw.swagger
                                                                       : nullptr;
        if (version != nullptr) return once(keys, key) && read_text(value, 2, *version);
        if (key == "$self") return once(keys, key) && read_text(value, 2, raw.self);
        if (key == unfollowed_key) return unfollowed(raw, value);
        if (key == "tags") return once(keys, key) && described_tags(value, raw.tags);
        RawItems* const extension = extension_of(raw, key);
        const bool is_read = key == "info" || key == "paths" || key == "webhooks" || key == "components" || extension;
        if (!is_read) return skip(value, 2);
        if (!once(keys, key)) return false;
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (key == "paths") raw.paths_kind = kind_name(type);
        if (type != od::json_type::object) return skip(value, 2);
        if (key == "info") return info(raw, value);
        if (key == "components") return components(raw, value);
        if (extension != nullptr) return items(*extension, value, 2);
        return key == "paths" ? items(raw.paths, value, 2, &raw.paths_ref) : items(raw.webhooks, value, 2);
    }

    bool unfollowed(RawDocument& raw, od::value value) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::array) return skip(value, 2);
        return each_element(value, 2, [&](od::value element) {
            return each_if_object(element, 3,
                                  [&, entry = &raw.unfollowed.emplace_back()](std::string_view key, od::value field) {
                                      std::string* const text = key == "reference" ? &entry->reference
                                                                : key == "where"   ? &entry->where
                                                                : key == "reason"  ? &entry->reason
                                                                : key == "more"    ? &entry->more
                                                                                   : nullptr;
                                      return text != nullptr ? read_text(field, 4, *text) : skip(field, 4);
                                  });
        });
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

    bool components(RawDocument& raw, od::value value) {
        KeysRead keys;
        return each_field(value, 2, [&](std::string_view key, od::value field) {
            if (key != "pathItems") return skip(field, 3);
            od::json_type type{};
            if (!once(keys, key) || !type_of(field, type)) return false;
            return type == od::json_type::object ? items(raw.path_items, field, 3) : skip(field, 3);
        });
    }

    bool described_tags(od::value value, std::vector<RawTag>& tags) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::array) return skip(value, 2);
        return each_element(value, 2, [&](od::value element) {
            auto& tag = tags.emplace_back();
            return each_if_object(element, 3, [&](std::string_view key, od::value field) {
                if (key == "name") return read_text(field, 4, tag.name);
                if (key == "summary") return read_text(field, 4, tag.summary);
                return key == "parent" ? read_text(field, 4, tag.parent) : skip(field, 4);
            });
        });
    }

    // Path items by their names; `ref` takes a reference in place of all of them.
    bool items(RawItems& items, od::value value, std::size_t depth, std::string* ref = nullptr) {
        std::set<std::string_view>
            keys;  // ordered, since a document may be made so that its keys collide in a hash table
        return each_field(value, depth, [&](std::string_view key, od::value item) {
            if (key.starts_with("x-")) return skip(item, depth + 1);
            if (!keys.insert(key).second)
                return refused(key_at_, fmt::format("duplicate path \"{}\"", shown(key)), "merge the two");
            if (ref != nullptr && key == "$ref") return read_text(item, depth + 1, *ref);
            return path_item(item, depth + 1, items.emplace_back(key, RawPathItem{}).second);
        });
    }

    bool path_item(od::value value, std::size_t depth, RawPathItem& item) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::object) {
            item.is_null = type == od::json_type::null;
            if (!item.is_null) item.ignore({}, kind_name(type));
            return skip(value, depth);
        }
        KeysRead keys;
        return each_field(value, depth, [&](std::string_view key, od::value field) {
            return item_field(item, keys, key, field, depth + 1);
        });
    }

    bool item_field(RawPathItem& item, KeysRead& keys, std::string_view key, od::value field, std::size_t depth) {
        std::string* const text = key == "summary"       ? &item.summary
                                  : key == "description" ? &item.description
                                  : key == "operationId" ? &item.operation_id
                                                         : nullptr;
        if (key == "$ref") {
            std::string_view kind;
            if (!once(keys, key) || !reference(field, depth, item.ref, kind)) return false;
            if (item.ref.empty()) item.add_no_reference(kind);
            return true;
        }
        if (key == "operationId" || key == "tags") item.has_fields_of_operations = true;
        if (text != nullptr) return once(keys, key) && read_text(field, depth, *text);
        if (key == "tags") return once(keys, key) && tags(field, depth, item.tags);
        if (key == "callbacks") return once(keys, key) && callbacks(field, depth, item.callbacks);
        if (key == "additionalOperations") return once(keys, key) && additional(field, depth, item);
        if (const auto method = std::ranges::find(methods, key, &Method::key); method != methods.end())
            return once(keys, key) && operation(field, depth, *method, std::string(method->key), item);
        od::json_type type{};
        if (!type_of(field, type)) return false;
        item.add_unread(key, type == od::json_type::object);
        return skip(field, depth);
    }

    bool reference(od::value value, std::size_t depth, std::string& ref, std::string_view& kind) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        kind = kind_name(type);
        return read_text(value, depth, ref);
    }

    bool additional(od::value value, std::size_t depth, RawPathItem& item) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::object) {
            if (type != od::json_type::null) item.ignore("additionalOperations", kind_name(type));
            return skip(value, depth);
        }
        std::set<std::string> keys;
        return each_field(value, depth, [&](std::string_view key, od::value field) {
            const std::string name(key);
            if (!keys.insert(name).second)
                return refused(key_at_, fmt::format("duplicate key \"{}\" in one object", shown(name)),
                               "remove one of them");
            if (!item.accepts_additional(name)) return skip(field, depth + 1);
            return operation(field, depth + 1, {name, name, true}, "additionalOperations." + name, item);
        });
    }

    bool operation(od::value value, std::size_t depth, const Method& method, std::string place, RawPathItem& item) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type != od::json_type::object) {
            item.ignore(std::move(place), kind_name(type));
            return skip(value, depth);
        }
        auto& operation = item.add(method.name, std::move(place), method.is_3_2);
        KeysRead keys;
        return each_field(value, depth, [&](std::string_view key, od::value field) {
            if (key == "$ref") {
                std::string_view kind;
                if (!once(keys, key) || !reference(field, depth + 1, operation.ref, kind)) return false;
                if (operation.ref.empty()) item.add_no_reference_of_operation(kind);
                return true;
            }
            std::string* const text = key == "operationId"   ? &operation.operation_id
                                      : key == "summary"     ? &operation.summary
                                      : key == "description" ? &operation.description
                                                             : nullptr;
            if (text != nullptr) return once(keys, key) && read_text(field, depth + 1, *text);
            if (key == "tags") return once(keys, key) && tags(field, depth + 1, operation.tags);
            if (key == "callbacks") return once(keys, key) && callbacks(field, depth + 1, operation.callbacks);
            if (!is_path_or_method(key)) {
                item.add_unread_in_operation(key);
                return skip(field, depth + 1);
            }
            od::json_type kind{};
            if (!type_of(field, kind)) return false;
            if (key.starts_with('/') || kind == od::json_type::object) item.add_misplaced(key);
            return skip(field, depth + 1);
        });
    }

    bool callbacks(od::value value, std::size_t depth, RawCallbacks& callbacks) {
        return each_if_object(value, depth, [&](std::string_view key, od::value callback) {
            const std::string name(key);
            return each_if_object(callback, depth + 1, [&](std::string_view expression, od::value item) {
                if (expression == "$ref") callbacks.add(name);
                const std::string place = fmt::format("{}.{}", shown(name), shown(expression));
                return each_if_object(item, depth + 2, [&](std::string_view method, od::value field) {
                    if (is_method_key(method) || method == "$ref") callbacks.add(fmt::format("{}.{}", place, method));
                    return skip(field, depth + 3);
                });
            });
        });
    }

    // Validates the value if it is not an object.
    template <class Visit>
    bool each_if_object(od::value value, std::size_t depth, Visit&& visit) {
        od::json_type type{};
        if (!type_of(value, type)) return false;
        return type == od::json_type::object ? each_field(value, depth, visit) : skip(value, depth);
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

    bool descend(od::value value, const Wanted& wanted, std::size_t depth, const TakeTarget& take) {
        if (wanted.target != nullptr) return take(*wanted.target, value, depth);
        od::json_type type{};
        if (!type_of(value, type)) return false;
        if (type == od::json_type::object) {
            return each_field(value, depth, [&](std::string_view key, od::value field) {
                const auto next = wanted.next.find(key);
                return next == wanted.next.end() || descend(field, next->second, depth + 1, take);
            });
        }
        std::size_t index = 0;
        return type != od::json_type::array || each_element(value, depth, [&](od::value element) {
                   const auto next = wanted.next.find(std::to_string(index++));
                   return next == wanted.next.end() || descend(element, next->second, depth + 1, take);
               });
    }
};

}  // namespace

std::unique_ptr<DocumentReader> make_json_reader(std::string_view content, const Limits& limits, Work& work) {
    return std::make_unique<JsonReader>(content, limits, work);
}

}  // namespace embedq::catalog

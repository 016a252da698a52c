// Walks over a JSON document with simdjson On-Demand, validates what it visits, and keeps the first error.
//
// Each function returns false when the walk has to end; `error_` then says why, and callers return false upwards.
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/work.h"
#include "embedq/error.h"

namespace embedq::catalog {

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
    std::array<std::string_view, 24> keys_;
    std::size_t count_ = 0;
};

[[nodiscard]] std::string_view kind_name(simdjson::ondemand::json_type type);

class JsonWalker {
public:
    JsonWalker(const JsonWalker&) = delete;
    JsonWalker& operator=(const JsonWalker&) = delete;

protected:
    using Value = simdjson::ondemand::value;
    using Type = simdjson::ondemand::json_type;

    JsonWalker(std::string_view content, const Limits& limits, Work& work);
    ~JsonWalker() = default;

    // The error is stored here, and callers return `false` upwards.
    bool broken(const char* at, std::string_view expected, std::string_view hint = {});
    bool broken(simdjson::error_code error);
    bool refused(const char* at, std::string_view what, std::string_view hint = {});
    // Whether the work may go on.
    bool go_on();

    // Visits the keys of the root object and checks that nothing follows it.
    template <class Visit>
    bool walk_root(Visit&& visit, bool to_the_end) {
        simdjson::ondemand::object root;
        return open_root(root) && each_field(root, 1, visit) && (!to_the_end || ends_here());
    }

    template <class Visit>
    bool each_field(simdjson::ondemand::object& object, std::size_t depth, Visit&& visit) {
        if (depth > limits_.max_depth) return too_deep();
        for (auto entry : object) {
            simdjson::ondemand::field field;
            if (const auto error = std::move(entry).get(field)) return broken(error);
            std::string_view key;
            if (!go_on() || !read_key(field, key)) return false;
            if (!visit(key, std::move(field).value())) return false;
        }
        return true;
    }

    template <class Visit>
    bool each_field(Value value, std::size_t depth, Visit&& visit) {
        simdjson::ondemand::object object;
        if (const auto error = value.get_object().get(object)) return broken(error);
        return each_field(object, depth, visit);
    }

    template <class Visit>
    bool each_element(Value value, std::size_t depth, Visit&& visit) {
        if (depth > limits_.max_depth) return too_deep();
        simdjson::ondemand::array array;
        if (const auto error = value.get_array().get(array)) return broken(error);
        for (auto entry : array) {
            Value element;
            if (const auto error = std::move(entry).get(element)) return broken(error);
            if (!go_on() || !visit(element)) return false;
        }
        return true;
    }

    bool type_of(Value& value, Type& type);
    // Validates a value that is not read.
    bool skip(Value value, std::size_t depth);
    // A scalar as text; nothing for null. Objects and arrays are validated and skipped.
    bool read_text(Value value, std::size_t depth, std::optional<std::string>& text);
    bool read_text(Value value, std::size_t depth, std::string& text);
    // Refuses a key that the object has twice.
    bool once(KeysRead& keys, std::string_view key);

    const Limits limits_;
    const char* key_at_ = nullptr;  // the latest key, for messages
    Error error_;
    std::optional<std::size_t> broken_at_;  // where it is against the grammar of JSON

private:
    bool open_root(simdjson::ondemand::object& root);
    bool ends_here();
    bool read_key(simdjson::ondemand::field& field, std::string_view& key);
    bool too_deep();
    bool check_string(const char* at);
    bool check_scalar(Value& value, Type type);
    bool repair_string(std::string_view token, std::optional<std::string>& text);

    std::string_view content_;
    Work& work_;
    simdjson::padded_string padded_;
    const char* end_;
    simdjson::ondemand::parser parser_;
    simdjson::ondemand::document document_;
};

}  // namespace embedq::catalog

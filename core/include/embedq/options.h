// Options: a plugin declares a table of them, the host reads YAML against the table and hands over typed values.
//
// One table serves validation, `config schema`, the reference page, `plugins show` and the hiding of secrets.
// Thread-safety: tables are constant data; an Options value may be read from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace embedq {

enum class OptionType : std::uint8_t {
    boolean,    // true, false
    integer,    // 64 bits, signed
    number,     // a double
    text,       // UTF-8
    duration,   // "250ms", "20s", "5m", "1h", "14d"; milliseconds as a value
    size,       // bytes: 4096, "64KiB", "10MiB", "1GiB"; an integer as a value
    path,       // a file or folder; a relative one counts from the configuration file's folder
    text_list,  // a sequence of texts; a single text is taken as a list of one
    text_map,   // a mapping of texts (scalars of any kind are taken as texts)
};

// One row of a plugin's table. All pointers are to constants that live as long as the plugin is loaded.
struct OptionSpec {
    const char* name;
    OptionType type;
    // As it would be written in YAML; nullptr means "not set" (the plugin sees no value). Must satisfy the row itself.
    const char* default_value = nullptr;
    const char* help = "";
    bool required = false;
    // The value is hidden in logs, errors and `config show`, and `{file: PATH}` is accepted for it.
    bool secret = false;
    // Inclusive bounds, in the value's own unit (milliseconds for a duration, bytes for a size). Ignored for texts.
    std::optional<double> minimum = std::nullopt;
    std::optional<double> maximum = std::nullopt;
    // The values allowed for a text, separated by '|'; nullptr allows all.
    const char* choices = nullptr;
};

using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::chrono::milliseconds,
                                 std::vector<std::string>, std::map<std::string, std::string>>;

// The validated values of one plugin instance: every name is in its table, every value has the table's type, defaults
// are filled in.
class Options {
public:
    Options() = default;
    explicit Options(std::map<std::string, OptionValue, std::less<>> values) : values_(std::move(values)) {}

    // True when the option has a value, written or by default.
    [[nodiscard]] bool has(std::string_view name) const { return values_.find(name) != values_.end(); }

    // The value of an option that has one. Asking for an unset option or another type is a bug in the plugin and throws
    // std::out_of_range or std::bad_variant_access.
    template <class T>
    [[nodiscard]] const T& get(std::string_view name) const {
        auto found = values_.find(name);
        if (found == values_.end()) throw std::out_of_range("option '" + std::string(name) + "' has no value");
        return std::get<T>(found->second);
    }

    // The value, or nothing when the option is unset.
    template <class T>
    [[nodiscard]] std::optional<T> find(std::string_view name) const {
        auto found = values_.find(name);
        if (found == values_.end()) return std::nullopt;
        return std::get<T>(found->second);
    }

    void set(std::string name, OptionValue value) { values_.insert_or_assign(std::move(name), std::move(value)); }
    [[nodiscard]] const std::map<std::string, OptionValue, std::less<>>& values() const noexcept { return values_; }

private:
    std::map<std::string, OptionValue, std::less<>> values_;
};

}  // namespace embedq

// A section of the host's settings as an option table: one row for each key, with the member of the settings that the
// key sets. The defaults are those of the settings themselves (core/settings).
//
// Thread-safety: a table is constant; reading and writing are pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/configuration.h"
#include "config/text.h"
#include "config/values.h"
#include "embedq/context.h"
#include "embedq/options.h"
#include "settings/settings.h"

namespace embedq::config {

template <class Section>
class HostTable {
public:
    using Member =
        std::variant<bool Section::*, std::uint32_t Section::*, std::size_t Section::*, double Section::*,
                     std::chrono::milliseconds Section::*, std::string Section::*, std::vector<std::string> Section::*,
                     LogLevel Section::*, LogFormat Section::*, ModelChangePolicy Section::*>;

    struct Row {
        const char* name;
        Member member;
        std::optional<OptionType> type = std::nullopt;  // where it does not follow from the C++ type: a size, a path
        const char* help = "";
        std::optional<double> minimum = std::nullopt;
        std::optional<double> maximum = std::nullopt;
        const char* choices = nullptr;  // of an enumeration: the names of its values from 0 on, separated by '|'
    };

    explicit HostTable(std::vector<Row> rows) : rows_(std::move(rows)), defaults_(rows_.size()) {
        const Options values = write(Section{});
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            const Row& row = rows_[i];
            OptionSpec spec{.name = row.name, .type = type_of(row), .help = row.help};
            spec.minimum = row.minimum;
            spec.maximum = row.maximum;
            spec.choices = row.choices;
            const auto value = values.values().find(row.name);
            if (value != values.values().end()) {
                defaults_[i] = spec.type == OptionType::size ? size_text(std::get<std::int64_t>(value->second))
                                                             : option_to_text(value->second);
                spec.default_value = defaults_[i].c_str();
            }
            specs_.push_back(spec);
        }
    }
    HostTable(const HostTable&) = delete;
    HostTable& operator=(const HostTable&) = delete;

    [[nodiscard]] std::span<const OptionSpec> specs() const noexcept { return specs_; }

    // The section that valid options of this table describe. Members without a row, and members whose option has no
    // value, keep their defaults.
    [[nodiscard]] Section read(const Options& options) const {
        Section section;
        for (const Row& row : rows_) {
            if (options.has(row.name)) set(section, row, options);
        }
        return section;
    }

    // The reverse of `read`. An empty text becomes an option without a value.
    [[nodiscard]] Options write(const Section& section) const {
        Options options;
        for (const Row& row : rows_) put(options, row, section);
        return options;
    }

private:
    template <class MemberPointer>
    using TypeOf = std::remove_cvref_t<decltype(std::declval<Section&>().*std::declval<MemberPointer>())>;

    // Options have one type for all integers.
    template <class Value>
    static constexpr bool is_count = std::is_integral_v<Value> && !std::is_same_v<Value, bool>;

    // Not inlined, as `set`.
    [[gnu::noinline]] static void put(Options& options, const Row& row, const Section& section) {
        std::visit(
            [&](auto member) {
                using Value = TypeOf<decltype(member)>;
                const Value& value = section.*member;
                if constexpr (std::is_enum_v<Value>) {
                    options.set(row.name, split(row.choices, '|').at(static_cast<std::size_t>(value)));
                } else if constexpr (std::is_same_v<Value, std::string>) {
                    if (!value.empty()) options.set(row.name, value);
                } else if constexpr (is_count<Value>) {
                    options.set(row.name, static_cast<std::int64_t>(value));
                } else {
                    options.set(row.name, value);
                }
            },
            row.member);
    }

    // Not inlined: g++ 12 takes the visitor's other types for members that a small section does not have.
    [[gnu::noinline]] static void set(Section& section, const Row& row, const Options& options) {
        std::visit([&](auto member) { section.*member = value_of<TypeOf<decltype(member)>>(options, row); },
                   row.member);
    }

    static OptionType type_of(const Row& row) {
        if (row.type) return *row.type;
        return std::visit(
            [](auto member) {
                using Value = TypeOf<decltype(member)>;
                if constexpr (std::is_same_v<Value, bool>) return OptionType::boolean;
                if constexpr (std::is_same_v<Value, double>) return OptionType::number;
                if constexpr (std::is_same_v<Value, std::chrono::milliseconds>) return OptionType::duration;
                if constexpr (std::is_same_v<Value, std::vector<std::string>>) return OptionType::text_list;
                if constexpr (is_count<Value>) return OptionType::integer;
                return OptionType::text;
            },
            row.member);
    }

    template <class Value>
    static Value value_of(const Options& options, const Row& row) {
        if constexpr (std::is_enum_v<Value>) {
            const auto names = split(row.choices, '|');
            const auto found = std::ranges::find(names, options.get<std::string>(row.name));
            return static_cast<Value>(found - names.begin());
        } else if constexpr (is_count<Value>) {
            return static_cast<Value>(options.get<std::int64_t>(row.name));
        } else {
            return options.get<Value>(row.name);
        }
    }

    std::vector<Row> rows_;
    std::vector<std::string> defaults_;  // what `default_value` of the specs points to
    std::vector<OptionSpec> specs_;
};

}  // namespace embedq::config

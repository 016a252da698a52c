// Reads nodes against option tables into typed values, reporting each fault at its place.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "config/document.h"
#include "config/files.h"

namespace embedq::config {

// What a table belongs to, for messages.
struct TableUse {
    std::string where;                    // "store.options", "scheduler"
    std::string owner;                    // "store plugin 'sqlite'"; empty for the host's own tables
    Position fallback;                    // where a missing option is reported
    std::vector<std::string> other_keys;  // keys of the mapping that are read elsewhere
    std::set<std::string> supplied;       // options that someone else fills in when they are not written
};

class Reader {
public:
    Reader(Report& report, const Environment& environment, std::filesystem::path folder)
        : report_(report), environment_(environment), folder_(std::move(folder)) {}

    [[nodiscard]] Report& report() noexcept { return report_; }
    [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

    // The mapping, or nothing (reported) when the node is something else; a key without value counts as not written.
    [[nodiscard]] const Node* mapping(const Node* node, std::string_view where, std::string_view hint = {});
    // Reports the keys of a mapping that are not known.
    void check_keys(const Node& mapping, std::string_view where, const std::vector<std::string>& known);
    // A scalar with the environment filled in; nothing (reported) otherwise. `expected` completes "expected …".
    [[nodiscard]] std::optional<std::string> text(const Node& node, std::string_view where, std::string_view expected);
    // One option's value; nothing (reported) when it has none.
    [[nodiscard]] std::optional<OptionValue> value(const OptionSpec& spec, const Node& node, std::string_view where);
    // All options of a table. An option with a fault gets its default, so that callers can go on and find more.
    [[nodiscard]] Options table(std::span<const OptionSpec> specs, const Node* mapping, const TableUse& use);

private:
    struct Scalar {
        std::string text;
        bool written_out = false;  // stands in the document itself
    };

    [[nodiscard]] std::optional<Scalar> scalar(const OptionSpec& spec, const Node& node, std::string_view where);
    [[nodiscard]] std::optional<Scalar> secret_file(const Node& node, std::string_view where);
    [[nodiscard]] std::optional<std::string> element(const OptionSpec& spec, const Node& node, std::string_view where);
    [[nodiscard]] std::optional<OptionValue> list(const OptionSpec& spec, const Node& node, std::string_view where);
    [[nodiscard]] std::optional<OptionValue> map(const OptionSpec& spec, const Node& node, std::string_view where);
    void wrong(const OptionSpec& spec, const Node& node, std::string_view where);
    void unknown_option(const Node& key, std::span<const OptionSpec> specs, const TableUse& use);

    Report& report_;
    const Environment& environment_;
    std::filesystem::path folder_;
};

// "scheduler" and "lease" make "scheduler.lease".
[[nodiscard]] std::string under(std::string_view where, std::string_view key);

}  // namespace embedq::config

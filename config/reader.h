// Reads nodes against option tables into typed values and reports each fault at its position.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "config/document.h"
#include "config/files.h"

namespace embedq::config {

// Where a table is used, for messages.
struct TableUse {
    std::string where;                    // "store.options", "scheduler"
    std::string owner;                    // "store plugin 'sqlite'"; empty for the host's own tables
    Position fallback;                    // where a missing option is reported
    std::vector<std::string> other_keys;  // keys of the mapping that are read elsewhere
    std::set<std::string> supplied;       // options that the caller fills in when they are not written
};

class Reader {
public:
    // `file` is the document's, empty if it is not in one.
    Reader(Report& report, const Environment& environment, std::filesystem::path folder,
           std::filesystem::path file = {})
        : report_(report), environment_(environment), folder_(std::move(folder)), file_(std::move(file)) {}

    [[nodiscard]] Report& report() noexcept { return report_; }
    [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

    // The mapping, or nothing (reported) when the node is something else; a key without a value counts as not written.
    // `form` completes "expected a mapping": " with the key 'plugin'".
    [[nodiscard]] const Node* mapping(const Node* node, std::string_view where, std::string_view form = {});
    // Reports the keys of a mapping that are not known.
    void check_keys(const Node& mapping, std::string_view where, const std::vector<std::string>& known);
    // A scalar with environment variables expanded; nothing (reported) otherwise. `expected` completes "expected …".
    [[nodiscard]] std::optional<std::string> text(const Node& node, std::string_view where, std::string_view expected);
    // One option's value; nothing (reported) when it has none.
    [[nodiscard]] std::optional<OptionValue> value(const OptionSpec& spec, const Node& node, std::string_view where);
    // All options of a table. An option with a fault gets its default, so that callers can continue and find more.
    // A secret that a command gives has no value yet; in a list or a map it is an empty text.
    [[nodiscard]] Options table(std::span<const OptionSpec> specs, const Node* mapping, const TableUse& use);
    // The sources of the secrets that were read since the last call.
    [[nodiscard]] std::vector<SecretSource> take_secret_sources() { return std::exchange(sources_, {}); }

private:
    struct Scalar {
        std::string text;
        bool literal = false;  // written in the document itself
        bool later = false;    // a command gives it
    };

    [[nodiscard]] std::optional<Scalar> scalar(const OptionSpec& spec, const Node& node, std::string_view where);
    [[nodiscard]] std::optional<Scalar> secret_mapping(const OptionSpec& spec, const Node& node,
                                                       std::string_view where);
    [[nodiscard]] std::optional<Scalar> secret_file(const OptionSpec& spec, const Node& file, std::string_view where);
    [[nodiscard]] std::optional<Scalar> secret_command(const OptionSpec& spec, const Node& command,
                                                       std::string_view where);
    // The program and its arguments as they are written: no variable is expanded in them.
    [[nodiscard]] std::optional<std::vector<std::string>> arguments(const Node& command, std::string_view where);
    [[nodiscard]] std::optional<Scalar> element(const OptionSpec& spec, const Node& node, std::string_view where);
    // One text of a list or a map; nothing (reported) otherwise. The source of a secret gets its place.
    [[nodiscard]] std::optional<std::string> text_of(const OptionSpec& row, const Node& node, std::string_view place,
                                                     std::optional<std::size_t> index, std::optional<std::string> key);
    [[nodiscard]] std::optional<OptionValue> list(const OptionSpec& spec, const Node& node, std::string_view where);
    [[nodiscard]] std::optional<OptionValue> map(const OptionSpec& spec, const Node& node, std::string_view where);
    void wrong(const OptionSpec& spec, const Node& node, std::string_view where);
    void unknown_option(const Node& key, std::span<const OptionSpec> specs, const TableUse& use);

    Report& report_;
    const Environment& environment_;
    std::filesystem::path folder_;
    std::filesystem::path file_;
    std::vector<SecretSource> sources_;
};

// "scheduler" and "lease" make "scheduler.lease".
[[nodiscard]] std::string under(std::string_view where, std::string_view key);

}  // namespace embedq::config

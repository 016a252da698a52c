#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/nested.h"
#include "config/secret_values.h"
#include "config/secrets.h"
#include "config/text.h"
#include "config/values.h"
#include "files/file_safety.h"

namespace embedq::config {
namespace {

// `where` is the place of a value of the option: its own name, a number in a list, or a key in a mapping.
bool is_secret(const OptionSpec& spec, std::string_view where, std::string_view text) {
    if (!spec.secret || text.empty() || is_plain_address(text)) return false;
    const std::string_view last = where.substr(where.rfind('.') + 1);
    const bool in_mapping = last.substr(0, last.find('[')) != spec.name;
    return !in_mapping || looks_like_credential(last, text);
}

constexpr std::string_view or_elsewhere = ", { file: PATH } or { command: [PROGRAM, ARGUMENT] }";

}  // namespace

std::string under(std::string_view where, std::string_view key) {
    return where.empty() ? std::string(key) : fmt::format("{}.{}", where, key);
}

const Node* Reader::mapping(const Node* node, std::string_view where, std::string_view form) {
    if (node == nullptr || node->kind == Node::Kind::null) return nullptr;
    if (node->kind == Node::Kind::mapping) return node;
    report_.error(node->at, fmt::format("{}: found {}, expected a mapping{}", where, node->found(), form));
    return nullptr;
}

void Reader::check_keys(const Node& mapping, std::string_view where, const std::vector<std::string>& known) {
    for (const Node& key : mapping.keys) {
        if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
        report_.error(key.at, fmt::format("{}{}unknown key {}", where, where.empty() ? "" : ": ", quote(key.text)),
                      suggestion(key.text, known, "expected one of " + join(known)));
    }
}

std::optional<std::string> Reader::text(const Node& node, std::string_view where, std::string_view expected) {
    if (node.kind != Node::Kind::scalar) {
        report_.error(node.at, fmt::format("{}: found {}, expected {}", where, node.found(), expected));
        return std::nullopt;
    }
    auto expanded = expand(node.text, environment_);
    if (!expanded) {
        report_.error(node.at, where, expanded.error());
        return std::nullopt;
    }
    return std::move(expanded->text);
}

void Reader::wrong(const OptionSpec& spec, const Node& node, std::string_view where) {
    const bool scalar = node.kind == Node::Kind::scalar;
    std::string found = spec.secret && scalar ? std::string(hidden) : node.found();
    std::string message = fmt::format("{}: found {}, expected {}", where, found, expectation(spec));
    if (spec.secret && spec.type != OptionType::text_map) message += std::string(or_elsewhere);
    std::string hint;
    if (!spec.secret && node.kind == Node::Kind::mapping && node.find("file") != nullptr)
        hint = "write the value itself: { file: PATH } is for secrets only";
    if (node.kind == Node::Kind::null) hint = "leave the key out if no value is meant";
    report_.error(node.at, std::move(message), std::move(hint));
}

std::optional<Reader::Scalar> Reader::secret_mapping(const OptionSpec& spec, const Node& node, std::string_view where) {
    const Node* const file = node.find("file");
    const Node* const command = node.find("command");
    if ((file == nullptr && command == nullptr) || node.keys.size() != 1) {
        std::vector<std::string> names;
        for (const Node& key : node.keys) names.push_back(key.text);
        report_.error(node.at, fmt::format("{}: found a mapping with the keys {}, expected a text{}", where,
                                           names.empty() ? "(none)" : join(names), or_elsewhere));
        return std::nullopt;
    }
    return file != nullptr ? secret_file(spec, *file, where) : secret_command(spec, *command, where);
}

std::optional<Reader::Scalar> Reader::secret_file(const OptionSpec& spec, const Node& file, std::string_view where) {
    const auto path = text(file, under(where, "file"), "a path");
    if (!path) return std::nullopt;
    if (path->empty()) {
        report_.error(file.at, fmt::format("{}: found an empty text, expected a path", under(where, "file")));
        return std::nullopt;
    }
    SecretSource source{.row = spec, .where = std::string(where), .file = (folder_ / *path).lexically_normal()};
    auto secret = read_secret(source);
    if (!secret) {
        report_.error(file.at, {}, secret.error());
        return std::nullopt;
    }
    sources_.push_back(std::move(source));
    return Scalar{.text = std::move(*secret)};
}

std::optional<Reader::Scalar> Reader::secret_command(const OptionSpec& spec, const Node& command,
                                                     std::string_view where) {
    auto words = arguments(command, under(where, "command"));
    if (!words) return std::nullopt;
    // Others who may write the document could otherwise run any program as the user who runs embedq.
    const Status safe = file_.empty() ? fail(ErrorKind::invalid_argument,
                                             "a command is accepted only in a configuration that is a file")
                                      : files::check_only_owner_replaces(file_, "configuration");
    if (!safe) {
        report_.error(command.at, under(where, "command"), safe.error());
        return std::nullopt;
    }
    sources_.push_back(
        {.row = spec, .where = std::string(where), .command = std::move(*words), .folder = file_.parent_path()});
    return Scalar{.later = true};
}

std::optional<std::vector<std::string>> Reader::arguments(const Node& command, std::string_view where) {
    const auto refuse = [&](const Node& at, std::string_view found, std::string hint = {}) {
        report_.error(
            at.at, fmt::format("{}: found {}, expected a sequence of texts: a program and its arguments", where, found),
            std::move(hint));
        return std::nullopt;
    };
    if (command.kind == Node::Kind::scalar)
        return refuse(command, "one text", "write [PROGRAM, ARGUMENT]: there is no shell that would split it");
    if (command.kind != Node::Kind::sequence) return refuse(command, command.found());
    if (command.items.empty()) return refuse(command, "an empty sequence");
    std::vector<std::string> words;
    for (const Node& item : command.items) {
        if (item.kind != Node::Kind::scalar) return refuse(item, item.found() + " in it");
        if (item.text.find("${") != std::string::npos)
            return refuse(item, "'${' in it", "variables do not apply to commands: write the value itself");
        if (item.text.find('\0') != std::string::npos) return refuse(item, "a zero byte in it");
        words.push_back(item.text);
    }
    if (words.front().empty()) return refuse(command.items.front(), "an empty text as the program");
    return words;
}

std::optional<Reader::Scalar> Reader::scalar(const OptionSpec& spec, const Node& node, std::string_view where) {
    if (spec.secret && node.kind == Node::Kind::mapping) return secret_mapping(spec, node, where);
    if (node.kind != Node::Kind::scalar) {
        wrong(spec, node, where);
        return std::nullopt;
    }
    auto expanded = expand(node.text, environment_);
    if (!expanded) {
        report_.error(node.at, where, expanded.error());
        return std::nullopt;
    }
    if (spec.secret && expanded->text == hidden) {
        report_.error(node.at,
                      fmt::format("{}: found {}, which `config show` prints in place of a secret", where, hidden),
                      "write the secret, ${NAME}, { file: PATH } or { command: [PROGRAM, ARGUMENT] }");
        return std::nullopt;
    }
    return Scalar{.text = std::move(expanded->text), .literal = !expanded->from_environment};
}

// Checks a text, and warns about a secret that is written in the document itself.
std::optional<Reader::Scalar> Reader::element(const OptionSpec& spec, const Node& node, std::string_view where) {
    auto read = scalar(spec, node, where);
    if (!read || read->later) return read;
    if (read->literal && is_secret(spec, where, read->text)) {
        report_.warning(node.at, fmt::format("{}: the secret is written out here", where),
                        "take it from the environment (\"${NAME}\") or from a file ({ file: PATH })");
    }
    if (first_invalid_utf8(read->text) || read->text.find('\0') != std::string::npos) {
        report_.error(node.at, fmt::format("{}: found {}, which is not UTF-8 text or contains a zero byte", where,
                                           spec.secret ? std::string(hidden) : quote(read->text)));
        return std::nullopt;
    }
    return read;
}

std::optional<std::string> Reader::text_of(const OptionSpec& row, const Node& node, std::string_view place,
                                           std::optional<std::size_t> index, std::optional<std::string> key) {
    const std::size_t before = sources_.size();
    auto read = element(row, node, place);
    if (!read) return std::nullopt;
    if (sources_.size() > before) {
        sources_.back().element = index;
        sources_.back().key = std::move(key);
    }
    if (read->later) return std::string();
    auto checked = convert_element(row, read->text);
    if (checked) return std::move(*checked);
    report_.error(node.at, place, checked.error());
    return std::nullopt;
}

std::optional<OptionValue> Reader::list(const OptionSpec& spec, const Node& node, std::string_view where) {
    if (node.kind != Node::Kind::sequence && node.kind != Node::Kind::scalar &&
        !(spec.secret && node.kind == Node::Kind::mapping)) {
        wrong(spec, node, where);
        return std::nullopt;
    }
    const bool many = node.kind == Node::Kind::sequence;
    OptionSpec row = spec;
    row.type = OptionType::text;
    std::vector<std::string> texts;
    bool complete = true;
    for (std::size_t i = 0; i < (many ? node.items.size() : 1); ++i) {
        const Node& item = many ? node.items[i] : node;
        const std::string place = many ? fmt::format("{}[{}]", where, i) : std::string(where);
        auto read = text_of(row, item, place, i, std::nullopt);
        complete = complete && read;
        if (read) texts.push_back(std::move(*read));
    }
    return complete ? std::optional<OptionValue>(std::move(texts)) : std::nullopt;
}

std::optional<OptionValue> Reader::map(const OptionSpec& spec, const Node& node, std::string_view where) {
    if (node.kind != Node::Kind::mapping) {
        wrong(spec, node, where);
        return std::nullopt;
    }
    OptionSpec row = spec;
    row.type = OptionType::text;
    std::map<std::string, std::string> texts;
    bool complete = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const std::string place = under(where, node.keys[i].text);
        auto read = text_of(row, node.items[i], place, std::nullopt, node.keys[i].text);
        complete = complete && read;
        if (read) texts.emplace(node.keys[i].text, std::move(*read));
    }
    return complete ? std::optional<OptionValue>(std::move(texts)) : std::nullopt;
}

std::optional<OptionValue> Reader::value(const OptionSpec& spec, const Node& node, std::string_view where) {
    if (spec.type == OptionType::text_list) return list(spec, node, where);
    if (spec.type == OptionType::text_map)
        return map(spec, spec.secret ? node : with_nested_as_json(node, environment_), where);
    const auto read = element(spec, node, where);
    if (!read || read->later) return std::nullopt;
    if (spec.required && spec.type == OptionType::text && read->text.empty()) {
        report_.error(node.at,
                      fmt::format("{}: found an empty text, expected {}: {}", where, expectation(spec), spec.help));
        return std::nullopt;
    }
    auto converted = convert(spec, read->text, folder_);
    if (converted) return std::move(*converted);
    report_.error(node.at, where, converted.error());
    return std::nullopt;
}

void Reader::unknown_option(const Node& key, std::span<const OptionSpec> specs, const TableUse& use) {
    std::vector<std::string> names;
    for (const OptionSpec& spec : specs) names.emplace_back(spec.name);
    names.insert(names.end(), use.other_keys.begin(), use.other_keys.end());
    if (use.owner.empty()) {
        report_.error(key.at, fmt::format("{}: unknown key {}", use.where, quote(key.text)),
                      suggestion(key.text, names, "expected one of " + join(names)));
        return;
    }
    report_.error(key.at, fmt::format("{}: {} has no option {}", use.where, use.owner, quote(key.text)),
                  suggestion(key.text, names, names.empty() ? "it takes no options" : "it has " + join(names)));
}

Options Reader::table(std::span<const OptionSpec> specs, const Node* mapping, const TableUse& use) {
    Options options;
    if (mapping != nullptr) {
        for (const Node& key : mapping->keys) {
            const bool known =
                std::any_of(specs.begin(), specs.end(),
                            [&](const OptionSpec& spec) { return key.text == spec.name; }) ||
                std::find(use.other_keys.begin(), use.other_keys.end(), key.text) != use.other_keys.end();
            if (!known) unknown_option(key, specs, use);
        }
    }
    for (const OptionSpec& spec : specs) {
        const Node* written = mapping == nullptr ? nullptr : mapping->find(spec.name);
        const std::size_t sources_before = sources_.size();
        if (written != nullptr) {
            if (auto read = value(spec, *written, under(use.where, spec.name))) {
                options.set(spec.name, std::move(*read));
                continue;
            }
        }
        const bool later = sources_.size() > sources_before && !sources_.back().command.empty();
        if (later) continue;
        if (spec.default_value != nullptr) {
            auto read = convert(spec, spec.default_value, folder_);
            if (read) {
                options.set(spec.name, std::move(*read));
            } else {
                report_.error(use.fallback, use.where,
                              Error{ErrorKind::internal,
                                    fmt::format("the default of option '{}' of {} is broken, which is a bug of the "
                                                "plugin: {}",
                                                spec.name, use.owner, read.error().message),
                                    read.error().hint});
            }
        } else if (spec.required && written == nullptr && !use.supplied.contains(spec.name)) {
            report_.error(use.fallback, fmt::format("{}: option '{}' is missing, expected {}: {}", use.where, spec.name,
                                                    expectation(spec), spec.help));
        }
    }
    return options;
}

}  // namespace embedq::config

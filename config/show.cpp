#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "config/configuration.h"
#include "config/host.h"
#include "config/secret_values.h"
#include "config/text.h"
#include "config/values.h"

namespace embedq::config {
namespace {

// Words that some YAML readers do not read as a text.
bool is_ambiguous(std::string_view text) {
    static constexpr std::array<std::string_view, 8> words = {"null", "true", "false", "yes", "no", "on", "off", "nan"};
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        return word.size() == text.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
                   return a == std::tolower(static_cast<unsigned char>(b));
               });
    });
}

bool is_plain(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto inner = [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
    };
    return !text.empty() && (letter(text.front()) || text.front() == '/') &&
           std::all_of(text.begin(), text.end(), inner) && !is_ambiguous(text);
}

std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out.push_back(c);
            // Otherwise it would be read back as a variable.
            if (c == '$' && text.substr(i + 1, 1) == "{") out.push_back('$');
        }
    }
    return out + "\"";
}

std::string scalar(std::string_view text) {
    const std::string shown = hide_credentials(text);
    return is_plain(shown) ? shown : double_quoted(shown);
}

std::string secret() {
    return double_quoted(hidden);
}

struct Printed {
    const OptionSpec* spec;
    bool is_secret;

    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const {
        return spec != nullptr && spec->type == OptionType::size ? size_text(value) : std::to_string(value);
    }
    std::string operator()(double value) const { return number_text(value); }
    std::string operator()(std::chrono::milliseconds value) const { return duration_text(value); }
    std::string operator()(const std::string& value) const { return scalar(value); }
    std::string operator()(const std::vector<std::string>& values) const {
        std::vector<std::string> parts;
        for (const std::string& value : values) parts.push_back(is_secret ? secret() : scalar(value));
        return "[" + join(parts) + "]";
    }
    // The keys of a secret map (such as the names of headers) are not secret.
    std::string operator()(const std::map<std::string, std::string>& values) const {
        std::vector<std::string> parts;
        for (const auto& [key, value] : values)
            parts.push_back(double_quoted(key) + ": " + (is_secret ? secret() : scalar(value)));
        return parts.empty() ? "{}" : "{ " + join(parts) + " }";
    }
};

std::string printed(const OptionValue& value, const OptionSpec* spec, bool is_secret) {
    const bool is_collection = std::holds_alternative<std::vector<std::string>>(value) ||
                               std::holds_alternative<std::map<std::string, std::string>>(value);
    const auto* const text = std::get_if<std::string>(&value);
    if (text != nullptr && is_plain_address(*text)) is_secret = false;
    if (is_secret && !is_collection) return secret();
    return std::visit(Printed{spec, is_secret}, value);
}

class Printout {
public:
    void line(int depth, std::string_view text) { text_ += fmt::format("{:{}}{}\n", "", depth * 2, text); }

    // In the order of the table. Options that no table lists, since their plugin is gone, follow. Those in `later` have
    // no value yet.
    void options(int depth, const Options& options, std::span<const OptionSpec> table,
                 const std::set<std::string>& secrets = {}, const std::set<std::string>& later = {}) {
        std::set<std::string> done;
        for (const OptionSpec& spec : table) {
            const auto found = options.values().find(std::string_view(spec.name));
            if (found == options.values().end() && later.contains(spec.name))
                line(depth, fmt::format("{}: {}", spec.name, secret()));
            if (found == options.values().end()) continue;
            done.insert(spec.name);
            line(depth, fmt::format("{}: {}", spec.name,
                                    printed(found->second, &spec, spec.secret || secrets.contains(spec.name))));
        }
        for (const auto& [name, value] : options.values()) {
            if (!done.contains(name))
                line(depth, fmt::format("{}: {}", name, printed(value, nullptr, secrets.contains(name))));
        }
    }

    void instance(int depth, PluginKind kind, const PluginInstance& instance, PluginTables& tables) {
        line(depth, fmt::format("plugin: {}", scalar(instance.plugin)));
        std::set<std::string> later;
        for (const SecretSource& source : instance.secret_sources) {
            if (!source.command.empty()) later.insert(source.row.name);
        }
        if (instance.options.values().empty() && later.empty()) return;
        line(depth, "options:");
        const auto table = tables.find(kind, instance.plugin);
        options(depth + 1, instance.options, table ? table->options : std::span<const OptionSpec>(), instance.secrets,
                later);
    }

    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

void show_providers(Printout& page, const Configuration& configuration, PluginTables& tables) {
    page.line(0, configuration.providers.empty() ? "providers: {}" : "providers:");
    for (const auto& [name, provider] : configuration.providers) {
        page.line(1, scalar(name) + ":");
        page.instance(2, PluginKind::provider, provider.instance, tables);
        page.line(2, "limits:");
        page.options(3, limits_table().write(provider.limits), limits_table().specs());
    }
    page.line(0, "embedding:");
    page.line(1, "provider: " + scalar(configuration.embedding.provider));
    page.options(1, embedding_table().write(configuration.embedding.settings), embedding_table().specs());
    if (configuration.embedding.catalogs.empty()) return;
    page.line(1, "catalogs:");
    for (const auto& [catalog, provider] : configuration.embedding.catalogs)
        page.line(2, scalar(catalog) + ": " + scalar(provider));
}

void show_services(Printout& page, const Configuration& configuration, PluginTables& tables) {
    if (configuration.services.empty()) return page.line(0, "services: []");
    page.line(0, "services:");
    for (const PluginInstance& service : configuration.services) {
        page.line(1, "-");
        page.instance(2, PluginKind::service, service, tables);
    }
}

}  // namespace

std::string show(const Configuration& configuration, PluginTables& tables) {
    Printout page;
    page.line(0, "version: 1");
    std::vector<std::string> paths;
    for (const auto& path : configuration.plugin_paths) paths.push_back(scalar(path.string()));
    page.line(0, "plugins:");
    page.line(1, fmt::format("paths: [{}]", join(paths)));
    page.line(0, "store:");
    page.instance(1, PluginKind::store, configuration.store, tables);
    page.line(0, "notifier:");
    page.instance(1, PluginKind::notifier, configuration.notifier, tables);
    show_providers(page, configuration, tables);
    page.line(0, "scheduler:");
    page.options(1, scheduler_table().write(configuration.scheduler), scheduler_table().specs());
    page.line(1, "backoff:");
    page.options(2, backoff_table().write(configuration.scheduler.backoff), backoff_table().specs());
    page.line(0, "fetch:");
    page.options(1, fetch_table().write(configuration.fetch), fetch_table().specs());
    show_services(page, configuration, tables);
    page.line(0, "logging:");
    page.options(1, logging_table().write(configuration.logging), logging_table().specs());
    return page.take();
}

}  // namespace embedq::config

#include <fmt/format.h>

#include <algorithm>

#include "config/configuration.h"
#include "config/document.h"
#include "config/host.h"
#include "config/reader.h"
#include "config/text.h"
#include "config/values.h"
#include "embedq/support/ids.h"
#include "embedq/support/nearest.h"
#include "net/address.h"

namespace embedq::config {
namespace {

const std::vector<std::string> top_keys = {"version",   "plugins",   "store", "notifier", "providers",
                                           "embedding", "scheduler", "fetch", "services", "logging"};

// Reads one document. Each member reads one section and reports its faults; later sections are read in any case.
class Loading {
public:
    Loading(Reader& reader, PluginTables& tables) : reader_(reader), report_(reader.report()), tables_(tables) {}

    void version(const Node& root);
    void sections(const Node& root, Configuration& config);

private:
    struct Named {
        std::string plugin;
        Position at;
        std::optional<PluginTable> table;
    };

    [[nodiscard]] Named named_plugin(PluginKind kind, const Node* mapping, std::string_view where,
                                     std::string_view fallback, Position at);
    [[nodiscard]] PluginInstance instance(PluginKind kind, const Node* mapping, const std::string& where,
                                          std::string_view fallback, Position at,
                                          const std::vector<std::string>& other_keys = {});
    void supply_database(const Named& named, const Node* written, PluginInstance& instance);
    void providers(const Node& root, Configuration& config);
    void embedding(const Node& root, Configuration& config);
    void catalogs(const Node& mapping, EmbeddingConfig& embedding);
    void scheduler(const Node& root, Configuration& config);
    void fetch(const Node& root, Configuration& config);
    void services(const Node& root, Configuration& config);
    void logging(const Node& root, Configuration& config);
    [[nodiscard]] std::optional<std::string> provider_name(const Node& node, const std::string& where);

    Reader& reader_;
    Report& report_;
    PluginTables& tables_;
    std::vector<std::string> declared_;  // the names of all providers, including those with faults
};

// A wrong version does not prevent the rest from being checked: most often it is a slip, and otherwise the message says
// by which rules the rest was checked.
void Loading::version(const Node& root) {
    const Node* node = root.find("version");
    if (node == nullptr) {
        report_.error(root.at, "the key 'version' is missing", "begin the file with `version: 1`");
        return;
    }
    const auto text = reader_.text(*node, "version", "1");
    if (!text || *text == "1") return;
    report_.error(
        node->at,
        fmt::format("version: found {}, expected 1, the only version that this program reads (the rest of the file is "
                    "checked as version 1)",
                    quote(*text)));
}

Loading::Named Loading::named_plugin(PluginKind kind, const Node* mapping, std::string_view where,
                                     std::string_view fallback, Position at) {
    const std::string kind_name = embedq::to_string(kind);
    const auto names = tables_.names(kind);
    const std::string installed = names.empty() ? "none is installed" : "installed are " + join(names);
    const Node* node = mapping == nullptr ? nullptr : mapping->find("plugin");
    Named named{std::string(fallback), at, std::nullopt};
    if (node != nullptr) {
        auto text = reader_.text(*node, under(where, "plugin"), fmt::format("the name of a {} plugin", kind_name));
        if (!text) return {};
        named = {std::move(*text), node->at, std::nullopt};
    } else if (mapping != nullptr || fallback.empty()) {
        report_.error(
            at, fmt::format("{}: the key 'plugin' is missing, expected the name of a {} plugin", where, kind_name),
            installed);
        return {};
    }
    auto found = tables_.find(kind, named.plugin);
    if (found) {
        named.table = std::move(*found);
    } else if (found.error().kind == ErrorKind::not_found) {
        const auto near = nearest(named.plugin, names);
        const bool has_options = mapping != nullptr && mapping->find("options") != nullptr;
        report_.error(named.at,
                      fmt::format("{}.plugin: there is no {} plugin {}{}", where, kind_name, quote(named.plugin),
                                  has_options && !near ? ", so its options are not checked" : ""),
                      suggestion(named.plugin, names, installed));
        // Its options are checked as those of the plugin that was meant, so that all faults are reported at once.
        if (near && has_options) {
            if (auto meant = tables_.find(kind, *near)) {
                named.table = std::move(*meant);
                named.plugin = *near;
            }
        }
    } else {
        report_.error(named.at,
                      fmt::format("{}.plugin: the {} plugin {} cannot be used: {}", where, kind_name,
                                  quote(named.plugin), hide_credentials(found.error().message)),
                      hide_credentials(found.error().hint));
    }
    return named;
}

PluginInstance Loading::instance(PluginKind kind, const Node* mapping, const std::string& where,
                                 std::string_view fallback, Position at, const std::vector<std::string>& other_keys) {
    const Named named = named_plugin(kind, mapping, where, fallback, mapping == nullptr ? at : mapping->at);
    const Node* written = nullptr;
    if (mapping != nullptr) {
        std::vector<std::string> known = {"plugin", "options"};
        known.insert(known.end(), other_keys.begin(), other_keys.end());
        for (const Node& key : mapping->keys) {
            if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
            const bool option =
                named.table && std::any_of(named.table->options.begin(), named.table->options.end(),
                                           [&](const OptionSpec& spec) { return key.text == spec.name; });
            report_.error(key.at, fmt::format("{}: unknown key {}", where, quote(key.text)),
                          option ? "it is an option of the plugin: write it under 'options'"
                                 : suggestion(key.text, known, "expected one of " + join(known)));
        }
        written = reader_.mapping(mapping->find("options"), under(where, "options"));
    }
    PluginInstance made;
    made.name = named.plugin;
    made.plugin = named.plugin;
    made.line = named.at.line;
    made.column = named.at.column;
    if (!named.table) return made;

    TableUse use{under(where, "options"),
                 fmt::format("{} plugin '{}'", embedq::to_string(kind), named.plugin),
                 named.at,
                 {},
                 {}};
    for (const OptionSpec& spec : named.table->options) {
        if (host_supplies(kind, named.plugin, spec.name)) use.supplied.insert(spec.name);
        if (spec.secret) made.secrets.insert(spec.name);
    }
    made.options = reader_.table(named.table->options, written, use);
    made.secret_sources = reader_.take_secret_sources();
    if (!use.supplied.empty()) supply_database(named, written, made);
    return made;
}

void Loading::supply_database(const Named& named, const Node* written, PluginInstance& instance) {
    if (instance.options.has("path") || (written != nullptr && written->find("path") != nullptr)) return;
    const auto path = default_database(reader_.environment());
    if (path) {
        instance.options.set("path", path->string());
        return;
    }
    report_.error(named.at,
                  "store.options: option 'path' is missing, and it has no default since neither XDG_DATA_HOME nor HOME "
                  "is set",
                  "set the option");
}

void Loading::providers(const Node& root, Configuration& config) {
    const Node* node = root.find("providers");
    const Node* mapping =
        reader_.mapping(node, "providers", " of names to providers, such as `lexical: { plugin: lexical }`");
    if (mapping == nullptr) {
        if (node != nullptr && node->kind != Node::Kind::null) return;
        const std::string name(default_provider);
        declared_.push_back(name);
        config.providers[name].instance =
            instance(PluginKind::provider, nullptr, "providers." + name, default_provider, root.at);
        return;
    }
    for (const Node& key : mapping->keys) declared_.push_back(key.text);
    for (std::size_t i = 0; i < mapping->keys.size(); ++i) {
        const Node& key = mapping->keys[i];
        const std::string where = under("providers", key.text);
        if (key.text == no_provider || !is_instance_name(key.text)) {
            report_.error(
                key.at,
                fmt::format(
                    "providers: found the name {}, expected up to 64 lower-case letters, digits, '_', '.' or '-', "
                    "starting with a letter, other than none",
                    quote(key.text)));
        }
        const Node& value = mapping->items[i];
        if (value.kind != Node::Kind::mapping) {
            report_.error(value.at,
                          fmt::format("{}: found {}, expected a mapping with the key 'plugin'", where, value.found()));
            continue;
        }
        ProviderConfig& provider = config.providers[key.text];
        provider.instance = instance(PluginKind::provider, &value, where, {}, value.at, {"limits"});
        provider.instance.name = key.text;
        const std::string limits = under(where, "limits");
        provider.limits = limits_table().read(reader_.table(
            limits_table().specs(), reader_.mapping(value.find("limits"), limits), {limits, {}, value.at, {}, {}}));
    }
}

std::optional<std::string> Loading::provider_name(const Node& node, const std::string& where) {
    auto name = reader_.text(node, where, "the name of a provider, or none");
    if (!name || *name == no_provider || std::find(declared_.begin(), declared_.end(), *name) != declared_.end())
        return name;
    auto candidates = declared_;
    candidates.emplace_back(no_provider);
    // Both numbers may be thousands, but no person reads so many hints.
    const bool is_read = report_.errors() < 20;
    report_.error(node.at, fmt::format("{}: there is no provider {}", where, quote(*name)),
                  is_read ? suggestion(*name, candidates, "expected one of " + join(candidates)) : std::string());
    return std::nullopt;
}

void Loading::embedding(const Node& root, Configuration& config) {
    const Node* node = root.find("embedding");
    const Node* mapping = reader_.mapping(node, "embedding", " with the key 'provider'");
    const Node* provider = nullptr;
    if (mapping != nullptr) {
        provider = mapping->find("provider");
        const Node* exceptions =
            reader_.mapping(mapping->find("catalogs"), "embedding.catalogs", " of catalogs to providers");
        if (exceptions != nullptr) catalogs(*exceptions, config.embedding);
    }
    config.embedding.settings = embedding_table().read(
        reader_.table(embedding_table().specs(), mapping, {"embedding", {}, root.at, {"provider", "catalogs"}, {}}));
    if (provider != nullptr) {
        if (auto name = provider_name(*provider, "embedding.provider")) config.embedding.provider = std::move(*name);
    } else if (declared_.size() == 1) {
        config.embedding.provider = declared_.front();
    } else if (declared_.size() > 1) {
        report_.error(
            mapping != nullptr ? mapping->at : root.find("providers")->at,
            fmt::format("embedding.provider is missing, expected one of {}, {}", join(declared_), no_provider));
    }
}

void Loading::catalogs(const Node& mapping, EmbeddingConfig& embedding) {
    for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
        const Node& key = mapping.keys[i];
        if (!check_catalog_id(key.text)) {
            report_.error(
                key.at,
                fmt::format(
                    "embedding.catalogs: found the catalog {}, expected up to 100 lower-case letters, digits or '-', "
                    "with no '-' at either end",
                    quote(key.text)));
        }
        if (auto name = provider_name(mapping.items[i], under("embedding.catalogs", key.text)))
            embedding.catalogs.emplace(key.text, std::move(*name));
    }
}

void Loading::scheduler(const Node& root, Configuration& config) {
    const std::size_t before = report_.errors();
    const Node* mapping = reader_.mapping(root.find("scheduler"), "scheduler");
    const Node* backoff = mapping == nullptr ? nullptr : reader_.mapping(mapping->find("backoff"), "scheduler.backoff");
    const Options options =
        reader_.table(scheduler_table().specs(), mapping, {"scheduler", {}, root.at, {"backoff"}, {}});
    const Options waits = reader_.table(backoff_table().specs(), backoff, {"scheduler.backoff", {}, root.at, {}, {}});
    // A value with a fault was replaced by its default, so comparing it with the others would prove nothing.
    if (report_.errors() != before) return;
    config.scheduler = scheduler_table().read(options);
    config.scheduler.backoff = backoff_table().read(waits);

    const SchedulerSettings& read = config.scheduler;
    // The two defaults fit each other, so at least one of the two keys is written.
    if (read.heartbeat * 2 >= read.lease) {
        const Node* heartbeat = mapping->find("heartbeat");
        const std::string reason = "so that one lost heartbeat loses no lease";
        if (heartbeat != nullptr) {
            report_.error(
                heartbeat->at,
                fmt::format("scheduler.heartbeat: found {}, expected less than half of scheduler.lease ({}), {}",
                            duration_text(read.heartbeat), duration_text(read.lease), reason));
        } else {
            report_.error(
                mapping->find("lease")->at,
                fmt::format("scheduler.lease: found {}, expected more than twice scheduler.heartbeat ({}), {}",
                            duration_text(read.lease), duration_text(read.heartbeat), reason));
        }
    }
    if (read.backoff.max < read.backoff.base) {
        const Node* written = backoff->find("max") != nullptr ? backoff->find("max") : backoff->find("base");
        report_.error(written->at,
                      fmt::format("scheduler.backoff.max: found {}, expected at least scheduler.backoff.base ({})",
                                  duration_text(read.backoff.max), duration_text(read.backoff.base)));
    }
}

void Loading::fetch(const Node& root, Configuration& config) {
    const Node* mapping = reader_.mapping(root.find("fetch"), "fetch");
    config.fetch = fetch_table().read(reader_.table(fetch_table().specs(), mapping, {"fetch", {}, root.at, {}, {}}));
    const Node* networks = mapping == nullptr ? nullptr : mapping->find("allow_private_addresses");
    for (std::size_t i = 0; i < config.fetch.allow_private_addresses.size(); ++i) {
        const auto network = embedq::net::Network::parse(config.fetch.allow_private_addresses[i]);
        if (network) continue;
        const Position at = networks->kind == Node::Kind::sequence ? networks->items[i].at : networks->at;
        report_.error(at, "fetch.allow_private_addresses", network.error());
    }
    const auto refresh = config.fetch.refresh;
    if (refresh > std::chrono::milliseconds(0) && refresh < std::chrono::minutes(1)) {
        report_.error(
            mapping->find("refresh")->at,
            fmt::format("fetch.refresh: found {}, expected a minute or more, or 0s for never", duration_text(refresh)));
    }
    const auto& proxy = config.fetch.proxy;
    if (proxy.empty() || proxy.find("://") != std::string::npos) return;
    // Not quoted, since it may contain a password.
    report_.error(mapping->find("proxy")->at, "fetch.proxy: expected a URL such as http://proxy.example:3128");
}

void Loading::services(const Node& root, Configuration& config) {
    const Node* node = root.find("services");
    if (node == nullptr || node->kind == Node::Kind::null) return;
    if (node->kind != Node::Kind::sequence) {
        report_.error(node->at,
                      fmt::format("services: found {}, expected a sequence such as `- plugin: admin`", node->found()));
        return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const Node& item = node->items[i];
        const std::string where = fmt::format("services[{}]", i);
        if (item.kind != Node::Kind::mapping) {
            report_.error(item.at,
                          fmt::format("{}: found {}, expected a mapping with the key 'plugin'", where, item.found()));
            continue;
        }
        config.services.push_back(instance(PluginKind::service, &item, where, {}, item.at));
    }
}

void Loading::logging(const Node& root, Configuration& config) {
    const Node* mapping = reader_.mapping(root.find("logging"), "logging");
    config.logging =
        logging_table().read(reader_.table(logging_table().specs(), mapping, {"logging", {}, root.at, {}, {}}));
}

// Whether a folder must exist: `load` does not check it, so that it reports the same of a document on every machine.
enum class Folders { named, existing };

std::vector<std::filesystem::path> plugin_paths(Reader& reader, const Node& root, Folders folders) {
    const Node* mapping = reader.mapping(root.find("plugins"), "plugins", " with the key 'paths'");
    if (mapping == nullptr) return {};
    reader.check_keys(*mapping, "plugins", {"paths"});
    const Node* node = mapping->find("paths");
    const auto value = node == nullptr ? std::nullopt : reader.value(plugin_paths_spec(), *node, "plugins.paths");
    if (!value) return {};
    std::vector<std::filesystem::path> paths;
    const auto& texts = std::get<std::vector<std::string>>(*value);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const Position at = node->kind == Node::Kind::sequence ? node->items[i].at : node->at;
        if (texts[i].empty()) {
            reader.report().error(at, "plugins.paths: found an empty text, expected the path of a folder");
            continue;
        }
        const auto path = (reader.folder() / texts[i]).lexically_normal();
        std::error_code error;
        if (folders == Folders::existing && !std::filesystem::exists(path, error) && !error) {
            reader.report().error(at, fmt::format("plugins.paths: the folder {} does not exist", quote(path.string())),
                                  "create it, or remove it from the list");
            continue;
        }
        paths.push_back(path);
    }
    return paths;
}

void Loading::sections(const Node& root, Configuration& config) {
    static constexpr std::string_view form = " with the key 'plugin'";
    reader_.check_keys(root, {}, top_keys);
    config.plugin_paths = plugin_paths(reader_, root, Folders::named);
    // `mapping` reports a section of the wrong shape. Its default is then used, so that the rest can be checked.
    config.store = instance(PluginKind::store, reader_.mapping(root.find("store"), "store", form), "store",
                            default_store, root.at);
    config.notifier = instance(PluginKind::notifier, reader_.mapping(root.find("notifier"), "notifier", form),
                               "notifier", default_notifier, root.at);
    providers(root, config);
    embedding(root, config);
    scheduler(root, config);
    fetch(root, config);
    services(root, config);
    logging(root, config);
}

// The root mapping, or nothing, with the reason in the report.
std::optional<Node> read_root(const Source& source, Report& report) {
    auto text = source.read();
    if (!text) {
        report.add(std::move(text.error()));
        return std::nullopt;
    }
    auto root = parse_document(*text, report);
    if (!root) return std::nullopt;
    if (root->kind == Node::Kind::null) {
        report.error({1, 1}, "the document is empty", "begin it with `version: 1`");
        return std::nullopt;
    }
    if (root->kind != Node::Kind::mapping) {
        report.error(root->at,
                     fmt::format("found {}, expected a mapping that begins with `version: 1`", root->found()));
        return std::nullopt;
    }
    return root;
}

}  // namespace

std::expected<std::vector<std::filesystem::path>, std::vector<Diagnostic>> read_plugin_paths(
    const Source& source, const Environment& environment) {
    Report whole(source.name());
    const auto root = read_root(source, whole);
    if (!root) return std::unexpected(whole.take());
    // `load` reports the faults elsewhere, together with the rest.
    Report report(source.name());
    Reader reader(report, environment, source.folder());
    auto paths = plugin_paths(reader, *root, Folders::existing);
    if (report.failed()) return std::unexpected(report.take());
    return paths;
}

std::expected<Loaded, std::vector<Diagnostic>> load(const Source& source, PluginTables& tables,
                                                    const Environment& environment) {
    Report report(source.name());
    const auto root = read_root(source, report);
    if (!root) return std::unexpected(report.take());
    Reader reader(report, environment, source.folder(), source.path());
    Loading loading(reader, tables);
    Loaded loaded;
    loaded.configuration.source = source.name();
    loaded.configuration.file = source.path();
    loading.version(*root);
    loading.sections(*root, loaded.configuration);
    if (report.failed()) return std::unexpected(report.take());
    loaded.warnings = report.take();
    return loaded;
}

}  // namespace embedq::config

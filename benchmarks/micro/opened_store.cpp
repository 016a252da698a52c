#include "opened_store.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <system_error>

#include "cli/plugin_tables.h"
#include "config/configuration.h"
#include "loader/instances.h"

namespace embedq::bench {
namespace {

namespace fs = std::filesystem;

class StderrLogger : public Logger {
public:
    void log(LogLevel level, std::string_view message) override {
        if (enabled(level)) std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
    }
    [[nodiscard]] bool enabled(LogLevel level) const noexcept override { return level >= LogLevel::warn; }
};

class SystemClock : public Clock {
public:
    [[nodiscard]] Steady now() const noexcept override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] Wall wall() const noexcept override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

class BenchContext : public Context {
public:
    explicit BenchContext(std::string name) : name_(std::move(name)) {}
    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    [[nodiscard]] Logger& logger() noexcept override { return logger_; }
    [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
    [[nodiscard]] std::uint64_t random() noexcept override {
        thread_local std::random_device device;
        return (static_cast<std::uint64_t>(device()) << 32U) | device();
    }
    [[nodiscard]] std::optional<std::string> store_option(std::string_view) const override { return std::nullopt; }

private:
    const std::string name_;
    StderrLogger logger_;
    SystemClock clock_;
};

Error to_error(const std::vector<config::Diagnostic>& diagnostics) {
    std::string lines;
    for (const config::Diagnostic& diagnostic : diagnostics)
        lines += (lines.empty() ? "" : "\n") + config::to_string(diagnostic);
    return {ErrorKind::misconfigured, lines};
}

Result<fs::path> new_folder() {
    std::string name = (fs::temp_directory_path() / "embedq-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        return fail(ErrorKind::misconfigured, "cannot make the folder " + name,
                    "set TMPDIR to a folder that can be written");
    return fs::path(name);
}

}  // namespace

Result<std::unique_ptr<OpenedStore>> OpenedStore::open(const std::string& yaml) {
    auto opened = std::unique_ptr<OpenedStore>(new OpenedStore);
    auto folder = new_folder();
    if (!folder) return std::unexpected(folder.error());
    opened->folder_ = std::move(*folder);
    const config::Environment environment = [&](std::string_view name) -> std::optional<std::string> {
        return name == "EMBEDQ_BENCH_FOLDER" ? opened->folder_.string() : config::process_environment()(name);
    };
    const config::Source source = config::Source::file(yaml);
    auto paths = config::read_plugin_paths(source, environment);
    if (!paths) return std::unexpected(to_error(paths.error()));
    const auto registry = cli::open_registry(std::move(*paths));
    if (!registry) return std::unexpected(registry.error());
    cli::PluginTables tables(**registry);
    const auto loaded = config::load(source, tables, environment);
    if (!loaded) return std::unexpected(to_error(loaded.error()));

    opened->plugin_ = loaded->configuration.store.plugin;
    opened->context_ = std::make_unique<BenchContext>(opened->plugin_);
    const auto plugin = (*registry)->load(PluginKind::store, opened->plugin_);
    if (!plugin) return std::unexpected(plugin.error());
    auto store = plugins::make_store(**plugin, loaded->configuration.store.options, *opened->context_);
    if (!store) return std::unexpected(store.error());
    opened->store_ = std::move(*store);
    if (const auto migrated = opened->store_->migrate(); !migrated) return std::unexpected(migrated.error());
    return opened;
}

OpenedStore::~OpenedStore() {
    store_.reset();
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

}  // namespace embedq::bench

// A provider whose secrets are in files or come from commands: it is made again when they change.
//
// A secret is an option, and options are what a plugin's factory gets, so this works for every provider without its
// doing. Before each call, files are compared with what they were (device, inode, size, times); after a call that is
// `misconfigured`, files are read and commands are run again. Where a secret is another one then, the provider is made
// again, and the call is made once more. A command runs for the first time when the provider is first called.
//
// Thread-safety: as the contract's Provider. A call that needs a secret waits while another call reads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "config/secrets.h"
#include "embedq/context.h"
#include "embedq/provider.h"
#include "loader/instances.h"
#include "loader/registry.h"
#include "sync/mutex.h"

namespace embedq::cli {

class RenewedProvider final : public Provider {
public:
    using Time = std::chrono::milliseconds;
    // What a provider is made of; tests bring their own.
    struct Source {
        std::string name;  // of the provider, for the log
        std::function<std::vector<config::FileStamp>()> stamps;
        std::function<Result<Options>(const std::stop_token& stop, Time time)> options;
        std::function<Result<std::unique_ptr<Provider>>(const Options& options)> make;
    };

    RenewedProvider(Source source, Logger& logger) : source_(std::move(source)), logger_(logger) {}

    // Makes it from options that are known already.
    [[nodiscard]] Status make_now(const Options& options);

    [[nodiscard]] Result<ProviderInfo> info(std::stop_token stop) override;
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) override;

    // Never waits. Includes a row for the secrets while they are being read.
    [[nodiscard]] std::vector<plugins::CallStatistics> statistics() const;

private:
    // What makes vectors comparable.
    struct Model {
        std::string name;
        std::string digest;
        std::size_t dimension = 0;
        std::string document_prefix;
        std::string query_prefix;

        friend bool operator==(const Model&, const Model&) = default;
    };
    // The provider as it was when a call began.
    struct Present {
        std::shared_ptr<Provider> provider;
        std::uint64_t version = 0;   // how often it was made
        std::uint64_t readings = 0;  // how often its secrets were read
    };
    struct Wait {
        std::stop_token stop;
        Time time{10'000};
    };

    // Made again if a file has changed.
    [[nodiscard]] Result<Present> present(const Wait& wait) EMBEDQ_EXCLUDES(reading_, mutex_);
    // After a call of `used` was misconfigured: the provider with other secrets, or nothing if they are the same.
    [[nodiscard]] Result<std::optional<Present>> renewed(const Present& used, const Wait& wait)
        EMBEDQ_EXCLUDES(reading_, mutex_);
    // Reads the secrets, and makes the provider if they are not those it was made of.
    [[nodiscard]] Status read(const Wait& wait) EMBEDQ_REQUIRES(reading_) EMBEDQ_EXCLUDES(mutex_);
    [[nodiscard]] Status make(const Options& options) EMBEDQ_REQUIRES(reading_) EMBEDQ_EXCLUDES(mutex_);
    [[nodiscard]] Present get() const EMBEDQ_EXCLUDES(mutex_);

    // Calls the provider, and once more if other secrets help.
    template <class Call>
    [[nodiscard]] auto with_renewal(const Wait& wait, Call&& call) -> decltype(call(std::declval<const Present&>()));
    // Whether a provider that was made again has the model that `info` named last: otherwise its vectors must not be
    // taken for those of that model.
    [[nodiscard]] Status confirmed(const Present& present, const std::stop_token& stop) EMBEDQ_EXCLUDES(mutex_);

    const Source source_;
    Logger& logger_;

    sync::Mutex reading_;  // held while secrets are read; locked before mutex_
    std::vector<config::FileStamp> stamps_ EMBEDQ_GUARDED_BY(reading_);
    std::optional<Options> options_ EMBEDQ_GUARDED_BY(reading_);  // those it was made of
    std::string logged_ EMBEDQ_GUARDED_BY(reading_);              // the fault that was logged last

    mutable sync::Mutex mutex_;
    Present present_ EMBEDQ_GUARDED_BY(mutex_);
    std::optional<std::chrono::steady_clock::time_point> reading_since_ EMBEDQ_GUARDED_BY(mutex_);
    std::optional<Model> model_ EMBEDQ_GUARDED_BY(mutex_);   // as `info` named it last
    std::uint64_t confirmed_ EMBEDQ_GUARDED_BY(mutex_) = 0;  // the version that has it
};

// The provider of a configuration, on any thread; renewed if it has secrets in files or from commands. Its factory's
// error, or that of its options, is returned unless a command is needed to know the options.
[[nodiscard]] Result<std::shared_ptr<Provider>> make_configured_provider(const plugins::LoadedPlugin& plugin,
                                                                         const config::PluginInstance& instance,
                                                                         Context& context);

// As plugins::call_statistics, also for renewed providers.
[[nodiscard]] std::vector<plugins::CallStatistics> statistics_of(const Provider& provider);

}  // namespace embedq::cli

#include "cli/renewed_provider.h"

#include <algorithm>
#include <utility>

namespace embedq::cli {

Status RenewedProvider::make_now(const Options& options) {
    const sync::Lock reading(reading_);
    stamps_ = source_.stamps();
    return make(options);
}

Status RenewedProvider::make(const Options& options) {
    auto made = source_.make(options);
    if (!made) return std::unexpected(std::move(made.error()));
    options_ = options;
    const sync::Lock lock(mutex_);
    present_.provider = std::move(*made);
    ++present_.version;
    return {};
}

RenewedProvider::Present RenewedProvider::get() const {
    const sync::Lock lock(mutex_);
    return present_;
}

Status RenewedProvider::read(const Wait& wait) {
    {
        const sync::Lock lock(mutex_);
        reading_since_ = std::chrono::steady_clock::now();
    }
    // Taken before the reading: a file that changes meanwhile is read again at the next call.
    stamps_ = source_.stamps();
    auto options = source_.options(wait.stop, wait.time);
    {
        const sync::Lock lock(mutex_);
        reading_since_.reset();
        ++present_.readings;
    }
    if (!options) return std::unexpected(std::move(options.error()));
    if (options_ && options_->values() == options->values()) return {};
    return make(*options);
}

Result<RenewedProvider::Present> RenewedProvider::present(const Wait& wait) {
    // While another call reads the secrets, which may take a command's time, the present ones are used.
    if (!reading_.try_lock()) {
        if (Present now = get(); now.provider != nullptr) return now;
        reading_.lock();
    }
    const sync::Lock reading(reading_, std::adopt_lock);
    const Present before = get();
    if (before.provider != nullptr && source_.stamps() == stamps_) return before;
    const Status read_again = read(wait);
    Present now = get();
    if (read_again) {
        if (before.provider != nullptr && now.version != before.version)
            logger_.info("provider '" + source_.name + "' uses the secrets that have changed");
        logged_.clear();
        return now;
    }
    if (now.provider == nullptr) return std::unexpected(read_again.error());
    // A file may be empty or missing for a moment, while it is being replaced.
    if (std::string fault = to_string(read_again.error()); fault != logged_) {
        logger_.warn("provider '" + source_.name + "' keeps its present secrets: " + fault);
        logged_ = std::move(fault);
    }
    return now;
}

Result<std::optional<RenewedProvider::Present>> RenewedProvider::renewed(const Present& used, const Wait& wait) {
    const sync::Lock reading(reading_);
    const Present before = get();
    if (before.version != used.version) return before;
    // Another call has read them since this one began: they are the same.
    if (before.readings != used.readings) return std::nullopt;
    if (Status again = read(wait); !again) return std::unexpected(std::move(again.error()));
    Present now = get();
    if (now.version == used.version) return std::nullopt;
    logger_.info("provider '" + source_.name + "' refused its secrets and uses those that it has now");
    return now;
}

template <class Call>
auto RenewedProvider::with_renewal(const Wait& wait, Call&& call) -> decltype(call(std::declval<const Present&>())) {
    auto now = present(wait);
    if (!now) return std::unexpected(std::move(now.error()));
    auto result = call(*now);
    if (result || result.error().kind != ErrorKind::misconfigured || wait.stop.stop_requested()) return result;
    auto other = renewed(*now, wait);
    if (!other) return std::unexpected(std::move(other.error()));
    return *other ? call(**other) : std::move(result);
}

Result<ProviderInfo> RenewedProvider::info(std::stop_token stop) {
    return with_renewal({.stop = stop}, [&](const Present& present) -> Result<ProviderInfo> {
        auto info = present.provider->info(stop);
        if (!info) return info;
        const sync::Lock lock(mutex_);
        model_ = Model{info->model, info->model_digest, info->dimension, info->document_prefix, info->query_prefix};
        confirmed_ = present.version;
        return info;
    });
}

Status RenewedProvider::confirmed(const Present& present, const std::stop_token& stop) {
    {
        const sync::Lock lock(mutex_);
        if (!model_ || confirmed_ == present.version) return {};
    }
    const auto info = present.provider->info(stop);
    if (!info) return std::unexpected(info.error());
    const sync::Lock lock(mutex_);
    const Model now{info->model, info->model_digest, info->dimension, info->document_prefix, info->query_prefix};
    if (now != *model_) {
        return fail(ErrorKind::misconfigured, "with its new secret, provider '" + source_.name +
                                                  "' has another model than '" + model_->name + "'");
    }
    confirmed_ = present.version;
    return {};
}

Result<EmbedResult> RenewedProvider::embed(const EmbedRequest& request) {
    Wait wait{.stop = request.stop};
    if (request.deadline != std::chrono::steady_clock::time_point::max()) {
        const auto left = std::chrono::ceil<Time>(request.deadline - std::chrono::steady_clock::now());
        wait.time = std::clamp(left, Time(0), wait.time);
    }
    return with_renewal(wait, [&](const Present& present) -> Result<EmbedResult> {
        if (Status same = confirmed(present, request.stop); !same) return std::unexpected(std::move(same.error()));
        return present.provider->embed(request);
    });
}

std::vector<plugins::CallStatistics> RenewedProvider::statistics() const {
    std::shared_ptr<Provider> provider;
    std::optional<std::chrono::steady_clock::time_point> reading_since;
    {
        const sync::Lock lock(mutex_);
        provider = present_.provider;
        reading_since = reading_since_;
    }
    std::vector<plugins::CallStatistics> rows;
    if (provider != nullptr) rows = plugins::call_statistics(*provider);
    if (reading_since) rows.push_back({.verb = "reading its secrets", .running = 1, .running_since = reading_since});
    return rows;
}

Result<std::shared_ptr<Provider>> make_configured_provider(const plugins::LoadedPlugin& plugin,
                                                           const config::PluginInstance& instance, Context& context) {
    const auto make = [&plugin, &context](const Options& options) {
        return plugins::make_provider(plugin, options, context);
    };
    if (instance.secret_sources.empty()) {
        auto made = make(instance.options);
        if (!made) return std::unexpected(std::move(made.error()));
        return std::shared_ptr<Provider>(std::move(*made));
    }
    RenewedProvider::Source source{.name = instance.name,
                                   .stamps = [instance] { return config::stamps(instance.secret_sources); },
                                   .options =
                                       [instance](const std::stop_token& stop, std::chrono::milliseconds time) {
                                           return config::options_with_secrets(instance, stop, time);
                                       },
                                   .make = make};
    auto renewed = std::make_shared<RenewedProvider>(std::move(source), context.logger());
    if (!config::needs_command(instance)) {
        if (Status made = renewed->make_now(instance.options); !made) return std::unexpected(std::move(made.error()));
    }
    return std::shared_ptr<Provider>(std::move(renewed));
}

std::vector<plugins::CallStatistics> statistics_of(const Provider& provider) {
    const auto* const renewed = dynamic_cast<const RenewedProvider*>(&provider);
    return renewed != nullptr ? renewed->statistics() : plugins::call_statistics(provider);
}

}  // namespace embedq::cli

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <utility>

#include "loader/embed_validation.h"
#include "loader/guard.h"

namespace embedq::plugins {
namespace {

enum class ProviderVerb : std::size_t { info, embed };
constexpr std::array<std::string_view, 2> provider_verbs = {"info", "embed"};

class GuardedProvider final : public Provider, public Measured {
public:
    GuardedProvider(std::unique_ptr<Provider> inner, const LoadedPlugin& plugin, Context& context)
        : inner_(std::move(inner)), guard_(plugin, context, provider_verbs) {}

    Result<ProviderInfo> info(std::stop_token stop) override {
        return guard_.call(ProviderVerb::info, [&]() -> Result<ProviderInfo> {
            auto info = inner_->info(std::move(stop));
            if (!info) return info;
            if (auto sound = validate_info(*info); !sound) return std::unexpected(named(std::move(sound.error())));
            dimension_ = info->dimension;
            return info;
        });
    }

    Result<EmbedResult> embed(const EmbedRequest& request) override {
        if (auto known = learn_dimension(request.stop); !known) return std::unexpected(std::move(known.error()));
        return guard_.call(ProviderVerb::embed, [&]() -> Result<EmbedResult> {
            auto result = inner_->embed(request);
            if (!result) return result;
            auto sound = validate_embed_result(std::move(*result), request.texts.size(), dimension_);
            if (!sound) return std::unexpected(named(std::move(sound.error())));
            return sound;
        });
    }

    std::vector<CallStatistics> statistics() const override { return guard_.statistics(); }

private:
    // Answers can be validated only against the dimension that the provider reports.
    Status learn_dimension(const std::stop_token& stop) {
        if (dimension_ != 0) return {};
        auto known = info(stop);
        if (!known) return std::unexpected(std::move(known.error()));
        return {};
    }

    Error named(Error error) const {
        error.message = fmt::format("{} {}", guard_.who().name, error.message);
        error.detail = guard_.who().file;
        return error;
    }

    const std::unique_ptr<Provider> inner_;
    Guard guard_;
    std::atomic<std::size_t> dimension_{0};  // of the latest info
};

}  // namespace

Result<std::unique_ptr<Provider>> make_provider(const LoadedPlugin& plugin, const Options& options, Context& context) {
    return make_guarded<GuardedProvider, Provider>(plugin, PluginKind::provider, context,
                                                   [&] { return plugin.descriptor->make_provider(options, context); });
}

std::vector<CallStatistics> call_statistics(const Provider& provider) {
    return statistics_of(provider);
}

}  // namespace embedq::plugins

// A provider without a fault, for plugins whose fault is elsewhere.
#pragma once

#include <array>
#include <memory>

#include "embedq/plugin.h"
#include "embedq/provider.h"

namespace {

class HarmlessProvider : public embedq::Provider {
public:
    embedq::Result<embedq::ProviderInfo> info(std::stop_token) override {
        return embedq::ProviderInfo{.model = "none", .dimension = 1};
    }
    embedq::Result<embedq::EmbedResult> embed(const embedq::EmbedRequest& request) override {
        return embedq::EmbedResult{.matrix = std::vector<float>(request.texts.size(), 1.0F), .dimension = 1};
    }
};

[[maybe_unused]] constexpr std::array<embedq::OptionSpec, 0> no_options = {};

[[maybe_unused]] embedq::Result<std::unique_ptr<embedq::Provider>> make_harmless(const embedq::Options&,
                                                                                 embedq::Context&) {
    return std::make_unique<HarmlessProvider>();
}

// A descriptor as the macros make it, of which a bad plugin changes one field.
[[maybe_unused]] constexpr embedq::PluginDescriptor harmless(const char* name) {
    return {sizeof(embedq::PluginDescriptor),
            EMBEDQ_API_VERSION,
            EMBEDQ_BUILD_TAG,
            embedq::PluginKind::provider,
            name,
            "1.0.0",
            "bad on purpose",
            no_options.data(),
            no_options.size(),
            nullptr,
            make_harmless,
            nullptr,
            nullptr};
}

}  // namespace

// A provider, configured as by a YAML file, and its server.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "conformance/test_context.h"
#include "ollama/ollama_provider.h"
#include "ollama/options.h"
#include "ollama/settings.h"
#include "protocol_server/server.h"

namespace embedq::ollama {

using namespace std::chrono_literals;  // NOLINT: for tests only
using protocol_server::ProtocolServer;

inline constexpr std::string_view script_text =
    "dialect: ollama\nkeep_texts: true\nmodels: { nomic: { dimension: 8, digest: 'sha256:1', context: 64 } }\n";

inline Options options_of(std::map<std::string, std::string> texts) {
    auto options = config::options_from_text(option_table, texts);
    if (!options) throw std::runtime_error(to_string(options.error()));
    return std::move(*options);
}

class OllamaTest : public testing::Test {
protected:
    OllamaProvider& make(std::map<std::string, std::string> texts = {}) {
        texts.try_emplace("endpoints", "[" + server.url() + "]");
        texts.try_emplace("model", "nomic");
        auto settings = read_settings(options_of(std::move(texts)));
        if (!settings) throw std::runtime_error(to_string(settings.error()));
        auto made = OllamaProvider::make(std::move(*settings), context);
        if (!made) throw std::runtime_error(to_string(made.error()));
        made_ = std::move(*made);
        return dynamic_cast<OllamaProvider&>(*made_);
    }

    void discard() { made_.reset(); }

    static Result<EmbedResult> embed(Provider& provider, std::vector<std::string_view> texts, std::size_t endpoint = 0,
                                     TextKind kind = TextKind::document) {
        return provider.embed(
            {.texts = texts, .kind = kind, .endpoint = endpoint, .deadline = std::chrono::steady_clock::now() + 30s});
    }

    // How many requests a route other than those for vectors received.
    static std::size_t requests_to(const ProtocolServer& of, std::string_view route) {
        return static_cast<std::size_t>(std::ranges::count(of.tally().other_routes, route));
    }

    ProtocolServer server{script_text};
    conformance::TestContext context{"ollama"};

private:
    std::unique_ptr<Provider> made_;
};

}  // namespace embedq::ollama

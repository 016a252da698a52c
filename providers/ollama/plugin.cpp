// The plugin `ollama`: factory.
#include "embedq/plugin.h"

#include <memory>
#include <utility>

#include "ollama/ollama_provider.h"
#include "ollama/options.h"
#include "ollama/settings.h"

namespace {

using namespace embedq;

Result<std::unique_ptr<Provider>> make(const Options& options, Context& context) {
    auto settings = ollama::read_settings(options);
    if (!settings) return std::unexpected(std::move(settings.error()));
    return ollama::OllamaProvider::make(std::move(*settings), context);
}

}  // namespace

EMBEDQ_PROVIDER("ollama", "1.0.0",
                "Embeddings from Ollama's own API, on one server or several that have the same model.",
                ollama::option_table, make);

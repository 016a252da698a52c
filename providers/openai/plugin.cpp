// The plugin `openai`: factory.
#include "embedq/plugin.h"

#include <memory>
#include <utility>

#include "openai/openai_provider.h"
#include "openai/options.h"
#include "openai/settings.h"

namespace {

using namespace embedq;

Result<std::unique_ptr<Provider>> make(const Options& options, Context& context) {
    auto settings = openai::read_settings(options);
    if (!settings) return std::unexpected(std::move(settings.error()));
    return openai::OpenaiProvider::make(std::move(*settings), context);
}

}  // namespace

EMBEDQ_PROVIDER("openai", "1.0.0", "Embeddings from OpenAI and every server that speaks its protocol.",
                openai::option_table, make);

// The provider `lexical`: offline vectors by word overlap. It needs no file and no network, and is the default.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "embedq/plugin.h"
#include "embedq/provider.h"
#include "lexical/embedder.h"

namespace embedq::lexical {
namespace {

constexpr std::size_t max_inputs = 256;
constexpr std::size_t max_text_bytes = 64UL * 1024;
// How many texts are embedded between two checks of the clock and the stop token.
constexpr std::size_t texts_between_checks = 16;

constexpr std::array options_table{
    OptionSpec{.name = "dimension",
               .type = OptionType::integer,
               .default_value = "512",
               .help = "Numbers per vector. More of them mean fewer words that collide, and more memory.",
               .minimum = 64,
               .maximum = 4096},
    OptionSpec{.name = "document_prefix",
               .type = OptionType::text,
               .default_value = "",
               .help = "Put before every document text."},
    OptionSpec{
        .name = "query_prefix", .type = OptionType::text, .default_value = "", .help = "Put before every query text."},
};

class LexicalProvider final : public Provider {
public:
    LexicalProvider(std::size_t dimension, std::string document_prefix, std::string query_prefix, const Clock& clock)
        : dimension_(dimension),
          document_prefix_(std::move(document_prefix)),
          query_prefix_(std::move(query_prefix)),
          clock_(clock) {}

    Result<ProviderInfo> info(std::stop_token) override {
        ProviderInfo info;
        info.model = "lexical-1";
        info.model_digest = "lexical-weights-" + std::string(weights_version);
        info.dimension = dimension_;
        info.document_prefix = document_prefix_;
        info.query_prefix = query_prefix_;
        info.limits = {.concurrency = std::max(1U, std::thread::hardware_concurrency()),
                       .max_inputs = max_inputs,
                       .max_request_bytes = 0,
                       .max_text_bytes = max_text_bytes};
        info.semantic_weight = semantic_weight;
        info.public_options = {{"dimension", std::to_string(dimension_)}};
        return info;
    }

    Result<EmbedResult> embed(const EmbedRequest& request) override {
        if (request.endpoint != 0) {
            return fail(ErrorKind::invalid_argument, "endpoint " + std::to_string(request.endpoint) +
                                                         " does not exist: the provider lexical has only endpoint 0");
        }
        const std::string& prefix = request.kind == TextKind::document ? document_prefix_ : query_prefix_;
        Embedder embedder(dimension_);
        EmbedResult result;
        result.dimension = dimension_;
        result.matrix.resize(request.texts.size() * dimension_);
        std::string prefixed;
        for (std::size_t i = 0; i < request.texts.size(); ++i) {
            if (i % texts_between_checks == 0) {
                if (request.stop.stop_requested())
                    return fail(ErrorKind::unavailable, "the request was stopped before all texts had a vector");
                if (clock_.now() >= request.deadline)
                    return fail(ErrorKind::unavailable, "the deadline passed before all texts had a vector");
            }
            std::string_view text = request.texts[i];
            if (text.empty()) {
                result.errors.push_back({i, {ErrorKind::invalid_input, "the text is empty"}});
                continue;
            }
            if (!prefix.empty()) text = prefixed.assign(prefix).append(text);
            embedder.embed(text, std::span(result.matrix).subspan(i * dimension_, dimension_));
        }
        return result;
    }

private:
    const std::size_t dimension_;
    const std::string document_prefix_;
    const std::string query_prefix_;
    const Clock& clock_;
};

Result<std::unique_ptr<Provider>> make(const Options& options, Context& context) {
    return std::make_unique<LexicalProvider>(static_cast<std::size_t>(options.get<std::int64_t>("dimension")),
                                             options.find<std::string>("document_prefix").value_or(""),
                                             options.find<std::string>("query_prefix").value_or(""), context.clock());
}

}  // namespace
}  // namespace embedq::lexical

EMBEDQ_PROVIDER(
    "lexical", "0.1.0",
    "Offline vectors by word overlap and related words, not by meaning: hashed stems, letter n-grams and word vectors.",
    embedq::lexical::options_table, embedq::lexical::make);

// The provider `your_name`: it counts words into a vector, so that texts with the same words are near each other.
//
// A real provider calls a model in `embed` instead. Everything around that call can stay as it is here.
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/plugin.h"
#include "embedq/provider.h"
#include "embedq/support/words.h"

namespace {

using namespace embedq;

constexpr std::size_t inputs_per_request = 64;
constexpr std::size_t longest_text = 32UZ * 1024;

// The host checks the YAML against this table: types, ranges and defaults are valid when `make` is called.
constexpr OptionSpec options_table[] = {
    {.name = "dimension",
     .type = OptionType::integer,
     .default_value = "256",
     .help = "Numbers per vector.",
     .minimum = 8,
     .maximum = 4096},
    {.name = "latency",
     .type = OptionType::duration,
     .default_value = "0ms",
     .help = "How long an answer takes; simulates an endpoint."},
    {.name = "refuse",
     .type = OptionType::text,
     .help = "Texts that contain this are refused; simulates texts that a model does not accept."},
    {.name = "document_prefix",
     .type = OptionType::text,
     .default_value = "",
     .help = "Put before every document text."},
    {.name = "query_prefix", .type = OptionType::text, .default_value = "", .help = "Put before every query text."},
};

struct Settings {
    std::size_t dimension = 0;
    std::chrono::milliseconds latency{0};
    std::optional<std::string> refuse;
    std::string document_prefix;
    std::string query_prefix;
};

// FNV-1a: the same number on every machine, since vectors are stored.
std::uint64_t hash_of(std::string_view word) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
}

void count_words(std::string_view text, std::span<float> row) {
    const auto add = [&](std::string_view word) { row[hash_of(word) % row.size()] += 1.0F; };
    bool any = false;
    for_each_word(text, [&](std::string_view word) {
        add(word);
        any = true;
    });
    // A vector of zeros has no direction, so the host treats it as an error.
    if (!any) add(text);
    const float length = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0F));
    for (float& value : row) value /= length;
}

class YourNameProvider final : public Provider {
public:
    YourNameProvider(Settings settings, const Clock& clock) : settings_(std::move(settings)), clock_(clock) {}

    Result<ProviderInfo> info(std::stop_token) override {
        ProviderInfo info;
        // Whatever changes the vectors must be part of model, model_digest, dimension or the prefixes.
        info.model = "words-1";
        info.dimension = settings_.dimension;
        info.document_prefix = settings_.document_prefix;
        info.query_prefix = settings_.query_prefix;
        info.limits = {.concurrency = 4, .max_inputs = inputs_per_request, .max_text_bytes = longest_text};
        info.semantic_weight = 0.3;  // it knows only words, which lexical ranking compares more exactly
        info.public_options = {{"dimension", std::to_string(settings_.dimension)}};
        return info;
    }

    Result<EmbedResult> embed(const EmbedRequest& request) override {
        if (request.endpoint != 0) {
            return fail(ErrorKind::invalid_argument,
                        "found endpoint " + std::to_string(request.endpoint) + ", expected 0, the only one");
        }
        if (request.texts.size() > inputs_per_request) {
            return fail(ErrorKind::too_large, "found " + std::to_string(request.texts.size()) +
                                                  " texts in one request, expected at most " +
                                                  std::to_string(inputs_per_request));
        }
        if (Status answered = wait_for_answer(request); !answered) return std::unexpected(answered.error());

        const std::string& prefix =
            request.kind == TextKind::document ? settings_.document_prefix : settings_.query_prefix;
        EmbedResult result{.matrix = std::vector<float>(request.texts.size() * settings_.dimension),
                           .dimension = settings_.dimension};
        for (std::size_t i = 0; i < request.texts.size(); ++i) {
            // An error of one text concerns that text only: its row is ignored, and the others are kept.
            if (settings_.refuse && request.texts[i].find(*settings_.refuse) != std::string_view::npos) {
                result.errors.push_back(
                    {i, {ErrorKind::invalid_input, "the text contains '" + *settings_.refuse + "', which is refused"}});
                continue;
            }
            count_words(prefix + std::string(request.texts[i]),
                        std::span(result.matrix).subspan(i * settings_.dimension, settings_.dimension));
        }
        return result;
    }

private:
    // A real provider sends its request here, with the time left until the deadline as its timeout, and gives up when a
    // stop is requested.
    Status wait_for_answer(const EmbedRequest& request) const {
        const std::chrono::nanoseconds left = request.deadline - clock_.now();
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        never.wait_for(lock, request.stop, std::min<std::chrono::nanoseconds>(left, settings_.latency),
                       [] { return false; });
        if (request.stop.stop_requested()) return fail(ErrorKind::unavailable, "stopped before there was an answer");
        if (left <= std::chrono::nanoseconds::zero() || left < settings_.latency) {
            return fail(ErrorKind::unavailable, "no answer before the deadline");
        }
        return {};
    }

    const Settings settings_;
    const Clock& clock_;
};

Result<std::unique_ptr<Provider>> make(const Options& options, Context& context) {
    Settings settings{.dimension = static_cast<std::size_t>(options.get<std::int64_t>("dimension")),
                      .latency = options.get<std::chrono::milliseconds>("latency"),
                      .refuse = options.find<std::string>("refuse"),
                      .document_prefix = options.get<std::string>("document_prefix"),
                      .query_prefix = options.get<std::string>("query_prefix")};
    if (settings.refuse && settings.refuse->empty()) {
        return fail(ErrorKind::invalid_argument, "refuse is empty, which every text contains",
                    "write what is refused, or leave the option out");
    }
    return std::make_unique<YourNameProvider>(std::move(settings), context.clock());
}

}  // namespace

EMBEDQ_PROVIDER("your_name", "0.1.0", "Counts words into a vector; offline.", options_table, make);

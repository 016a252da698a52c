// Texts that are too long for the model: cut to what it takes, and sent again.
#include <algorithm>

#include "scheduler/workbench.h"

namespace embedq::scheduler {

namespace {
constexpr std::size_t most_cuts = 5;  // of one text: together they leave a sixth of the first
constexpr double shorter = 0.7;       // where nothing better is known
// Where the limit is known: the estimate was wrong for this text, or it would not have been sent.
constexpr double shorter_at_least = 0.9;
}  // namespace

bool Workbench::cut(Text& text, const Error& error, const endpoints::BatchLimits& limits) {
    if (text.cuts >= most_cuts) return false;
    const std::size_t limit = error.limits.max_text_tokens > 0 ? error.limits.max_text_tokens : limits.max_text_tokens;
    const auto present = static_cast<double>(text.sent().size());
    double target = present * shorter;
    // The first cut goes by what is known; when that was too long again, the estimate does not hold for this text.
    if (text.cuts == 0 && limit > 0) {
        const double fits =
            endpoints::BatchLimits::filled * static_cast<double>(limit) * limits.estimate.bytes_per_token() -
            static_cast<double>(limits.prefix_bytes);
        target = std::min(std::max(1.0, fits), present * shorter_at_least);
    } else if (text.cuts == 0 && limits.text_bytes_taken > 0 &&
               static_cast<double>(limits.text_bytes_taken) < present) {
        target = static_cast<double>(limits.text_bytes_taken);
    }
    const std::size_t length = endpoints::cut_length(text.sent(), static_cast<std::size_t>(target));
    if (length == 0) return false;
    text.cut_to = length;
    ++text.cuts;
    return true;
}

bool Workbench::cut_known(const Batch& batch, const Error& error, const endpoints::BatchLimits& limits) {
    const std::size_t limit = error.limits.max_text_tokens;
    if (limit == 0) return false;
    bool any = false;
    for (const TextPtr& text : batch.texts) {
        const double tokens = limits.estimate.tokens(text->sent().size() + limits.prefix_bytes);
        if (tokens > static_cast<double>(limit)) any = cut(*text, error, limits) || any;
    }
    return any;
}

}  // namespace embedq::scheduler

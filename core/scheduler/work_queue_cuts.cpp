// Cuts of the work queue: texts that are too long for the model are cut to what it accepts, and sent again.
#include <algorithm>

#include "scheduler/work_queue.h"

namespace embedq::scheduler {

namespace {
constexpr std::size_t max_cuts = 5;  // of one text; together they leave a sixth of it
constexpr double cut_factor = 0.7;   // what is left, where nothing better is known
// What is left at most, where the limit is known: the estimate was wrong for this text, or it would not have been sent.
constexpr double max_cut_factor = 0.9;
}  // namespace

bool WorkQueue::cut(Text& text, const Error& error, const endpoints::BatchLimits& limits) {
    if (text.cuts >= max_cuts) return false;
    const std::size_t limit = error.limits.max_text_tokens > 0 ? error.limits.max_text_tokens : limits.max_text_tokens;
    const auto present = static_cast<double>(text.sent().size());
    double target = present * cut_factor;
    // The first cut uses what is known. If the result is still too long, the estimate does not hold for this text.
    if (text.cuts == 0 && limit > 0) {
        const double fits =
            endpoints::BatchLimits::filled * static_cast<double>(limit) * limits.estimate.bytes_per_token() -
            static_cast<double>(limits.prefix_bytes);
        target = std::min(std::max(1.0, fits), present * max_cut_factor);
    } else if (text.cuts == 0 && limits.accepted_text_bytes > 0 &&
               static_cast<double>(limits.accepted_text_bytes) < present) {
        target = static_cast<double>(limits.accepted_text_bytes);
    }
    const std::size_t length = endpoints::cut_length(text.sent(), static_cast<std::size_t>(target));
    if (length == 0) return false;
    text.cut_to = length;
    ++text.cuts;
    return true;
}

bool WorkQueue::cut_texts_over_limit(const Batch& batch, const Error& error, const endpoints::BatchLimits& limits) {
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

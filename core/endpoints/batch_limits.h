// What one request to a provider may hold: the limits of the provider and the YAML, lowered by what endpoints stated
// when they refused a request, and by what the scheduler learned from answers and timeouts.
//
// Counts are exact, so a request is filled to them; bytes and tokens are filled to 95 %, since tokens are estimated and
// a request holds more than its texts. Pure. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <cstddef>
#include <string_view>

#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/provider.h"
#include "endpoints/token_estimate.h"

namespace embedq::endpoints {

// 0 means "no limit", except for `max_inputs`.
struct BatchLimits {
    std::size_t max_inputs = 64;
    std::size_t max_bytes = 0;            // of all texts
    std::size_t max_tokens = 0;           // of all texts
    std::size_t max_text_tokens = 0;      // a text that is estimated above it is sent alone, and the provider decides
    std::size_t max_text_bytes = 0;       // longer texts are cut
    std::size_t accepted_text_bytes = 0;  // the longest cut of a text that was accepted after a refusal as too long
    std::size_t prefix_bytes = 0;         // that the provider puts before each text
    TokenEstimate estimate;

    // Of one text, with its prefix.
    [[nodiscard]] double cautious_tokens(std::size_t bytes) const {
        return estimate.cautious_tokens(bytes + prefix_bytes);
    }
    [[nodiscard]] bool over_text_tokens(std::size_t bytes) const {
        return max_text_tokens > 0 && cautious_tokens(bytes) > filled * static_cast<double>(max_text_tokens);
    }

    static constexpr double filled = 0.95;  // as Weaviate's batches are (usecases/modulecomponents/batch)
};

// A bound that failures lower and successes raise again, up to a ceiling.
class AdaptiveBound {
public:
    explicit AdaptiveBound(std::size_t ceiling) : value_(ceiling), ceiling_(ceiling) {}

    [[nodiscard]] std::size_t value() const noexcept { return value_; }
    [[nodiscard]] bool lowered() const noexcept { return value_ < ceiling_; }
    void lower_ceiling(std::size_t ceiling);
    // A request above `bound` failed.
    void lower(std::size_t bound);
    // Another process found this one, lower or higher.
    void adopt(std::size_t bound);
    // What lowered the bound had another cause.
    void restore(std::size_t bound);
    // A request of `inputs` texts was answered. 8 in a row that are as large as the bound raise it by a quarter. Each
    // time that turns out to be too high, twice as many are needed.
    void answered(std::size_t inputs);

private:
    std::size_t value_;
    std::size_t ceiling_;
    std::size_t in_a_row_ = 0;
    std::size_t needed_ = 8;
    bool raised_ = false;  // since it was lowered last
};

class LearnedLimits {
public:
    // `batch_inputs` is the YAML's; 0: not set.
    LearnedLimits(const ProviderInfo& info, std::size_t batch_inputs);

    [[nodiscard]] BatchLimits present() const;
    [[nodiscard]] const TokenEstimate& estimate() const noexcept { return limits_.estimate; }
    [[nodiscard]] std::size_t prefix_bytes() const noexcept { return limits_.prefix_bytes; }

    // A request of `inputs` texts and `bytes` (without prefixes) was answered; `tokens` as the provider counted, or 0.
    void answered(std::size_t inputs, std::size_t bytes, std::uint64_t tokens);
    // The endpoint refused a request, and may have stated its limits.
    void refused(std::size_t inputs, const Error& error);
    // A request of `inputs` texts timed out.
    void timed_out(std::size_t inputs);
    // A text timed out alone while others are answered: the number of texts was not the cause.
    void text_timed_out();
    // A text that was refused as too long was accepted when cut to `bytes`.
    void accepted_cut(std::size_t bytes);
    // Takes over what was learned about the same model under other limits.
    void inherit(const LearnedLimits& old);

    // What refusals and failures have shown, for other processes; without a rate.
    [[nodiscard]] EndpointLimits learned() const;
    // What they have shown another process. What servers state only lowers limits.
    void adopt(const EndpointLimits& learned);

private:
    void stated(std::size_t max_inputs, std::size_t max_request_tokens, std::size_t max_text_tokens);

    BatchLimits limits_;
    AdaptiveBound inputs_;
    std::size_t inputs_before_timeouts_ = 0;  // 0: the bound has grown since
    EndpointLimits stated_;
};

// At most `bound` bytes of the text, not ending in the middle of a UTF-8 character.
[[nodiscard]] std::size_t cut_length(std::string_view text, std::size_t bound);

}  // namespace embedq::endpoints

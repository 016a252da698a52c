#include "endpoints/batch_limits.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace embedq::endpoints {

namespace {

constexpr std::size_t default_inputs = 64;  // per request, where neither the provider nor the YAML sets a limit
constexpr std::size_t max_needed = 4'096;

// 0 means "not known".
std::size_t smaller(std::size_t a, std::size_t b) {
    if (a == 0 || b == 0) return std::max(a, b);
    return std::min(a, b);
}

}  // namespace

void AdaptiveBound::lower_ceiling(std::size_t ceiling) {
    ceiling_ = std::max<std::size_t>(1, std::min(ceiling_, ceiling));
    value_ = std::min(value_, ceiling_);
}

void AdaptiveBound::lower(std::size_t bound) {
    bound = std::max<std::size_t>(1, bound);
    in_a_row_ = 0;
    if (bound >= value_) return;
    value_ = bound;
    if (raised_) needed_ = std::min(2 * needed_, max_needed);
    raised_ = false;
}

void AdaptiveBound::adopt(std::size_t bound) {
    value_ = std::clamp<std::size_t>(bound, 1, ceiling_);
    raised_ = false;
}

void AdaptiveBound::restore(std::size_t bound) {
    value_ = std::min(ceiling_, std::max(value_, bound));
}

void AdaptiveBound::answered(std::size_t inputs) {
    if (inputs < value_ || value_ >= ceiling_) return;
    if (++in_a_row_ < needed_) return;
    in_a_row_ = 0;
    raised_ = true;
    value_ = std::min(ceiling_, value_ + std::max<std::size_t>(1, value_ / 4));
}

LearnedLimits::LearnedLimits(const ProviderInfo& info, std::size_t batch_inputs)
    : inputs_(std::max<std::size_t>(1, smaller(smaller(info.limits.max_inputs, batch_inputs), 0))) {
    if (info.limits.max_inputs == 0 && batch_inputs == 0) inputs_ = AdaptiveBound(default_inputs);
    limits_.max_bytes = info.limits.max_request_bytes;
    limits_.max_tokens = info.limits.max_request_tokens;
    limits_.max_text_tokens = info.limits.max_text_tokens;
    limits_.max_text_bytes = info.limits.max_text_bytes;
    limits_.prefix_bytes = info.document_prefix.size();
}

BatchLimits LearnedLimits::present() const {
    BatchLimits limits = limits_;
    limits.max_inputs = inputs_.value();
    return limits;
}

void LearnedLimits::answered(std::size_t inputs, std::size_t bytes, std::uint64_t tokens) {
    limits_.estimate.learn(bytes + inputs * limits_.prefix_bytes, tokens);
    const std::size_t before = inputs_.value();
    inputs_.answered(inputs);
    if (inputs_.value() > before) inputs_before_timeouts_ = 0;
}

void LearnedLimits::refused(std::size_t inputs, const Error& error) {
    const StatedLimits& stated = error.limits;
    this->stated(stated.max_inputs, stated.max_request_tokens, stated.max_text_tokens);
    // Without a stated limit, fewer texts are smaller in every respect.
    const bool any_stated = stated.max_inputs > 0 || stated.max_request_tokens > 0 || stated.max_text_tokens > 0;
    if (error.kind == ErrorKind::too_large && !any_stated && inputs > 1) inputs_.lower(inputs / 2);
}

void LearnedLimits::stated(std::size_t max_inputs, std::size_t max_request_tokens, std::size_t max_text_tokens) {
    if (max_inputs > 0) inputs_.lower_ceiling(max_inputs);
    limits_.max_tokens = smaller(limits_.max_tokens, max_request_tokens);
    limits_.max_text_tokens = smaller(limits_.max_text_tokens, max_text_tokens);
    stated_.max_inputs = smaller(stated_.max_inputs, max_inputs);
    stated_.max_request_tokens = smaller(stated_.max_request_tokens, max_request_tokens);
    stated_.max_text_tokens = smaller(stated_.max_text_tokens, max_text_tokens);
}

EndpointLimits LearnedLimits::learned() const {
    EndpointLimits learned = stated_;
    if (inputs_.lowered()) learned.inputs_bound = inputs_.value();
    return learned;
}

void LearnedLimits::adopt(const EndpointLimits& learned) {
    stated(learned.max_inputs, learned.max_request_tokens, learned.max_text_tokens);
    if (learned.inputs_bound > 0) inputs_.adopt(learned.inputs_bound);
}

void LearnedLimits::timed_out(std::size_t inputs) {
    if (inputs <= 1) return;
    inputs_before_timeouts_ = std::max(inputs_before_timeouts_, inputs_.value());
    inputs_.lower(inputs / 2);
}

void LearnedLimits::text_timed_out() {
    inputs_.restore(std::exchange(inputs_before_timeouts_, 0));
}

void LearnedLimits::accepted_cut(std::size_t bytes) {
    limits_.accepted_text_bytes = std::max(limits_.accepted_text_bytes, bytes);
}

void LearnedLimits::inherit(const LearnedLimits& old) {
    limits_.estimate = old.limits_.estimate;
    limits_.accepted_text_bytes = old.limits_.accepted_text_bytes;
    adopt(old.learned());
}

std::size_t cut_length(std::string_view text, std::size_t bound) {
    if (text.size() <= bound) return text.size();
    std::size_t end = bound;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return end;
}

}  // namespace embedq::endpoints

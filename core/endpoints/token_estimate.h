// How many tokens a text has, estimated from its bytes. The bytes per token are learned from what the provider counted.
//
// The estimate starts at four bytes per token, which is also OpenAI's own estimate of a request's size (0.25 tokens a
// UTF-8 byte: timescale/pgai pull request 730); tokenizers of other models need up to five times as many tokens for
// code and addresses (containers/ramalama issue 2852). Pure. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace embedq::endpoints {

class TokenEstimate {
public:
    static constexpr double first_guess = 4.0;

    // A request of `bytes`, prefixes included, had `tokens`; 0: not reported.
    void learn(std::size_t bytes, std::uint64_t tokens) {
        if (tokens == 0 || bytes == 0) return;
        const double observed =
            std::clamp(static_cast<double>(bytes) / static_cast<double>(tokens), min_ratio, max_ratio);
        // A request of a few tokens consists mostly of the marks that the model puts around each text.
        const double weight = smoothing * std::min(1.0, static_cast<double>(tokens) / full_weight);
        bytes_per_token_ += weight * (observed - bytes_per_token_);
    }

    [[nodiscard]] double bytes_per_token() const noexcept { return bytes_per_token_; }
    // As they will be billed.
    [[nodiscard]] double tokens(std::size_t bytes) const noexcept {
        return static_cast<double>(bytes) / bytes_per_token_;
    }
    // For comparing with a limit: never fewer than a server that estimates by bytes would count.
    [[nodiscard]] double cautious_tokens(std::size_t bytes) const noexcept {
        return static_cast<double>(bytes) / std::min(bytes_per_token_, first_guess);
    }

private:
    static constexpr double smoothing = 0.2;
    static constexpr double full_weight = 200;  // tokens
    static constexpr double min_ratio = 0.25;
    static constexpr double max_ratio = 16;

    double bytes_per_token_ = first_guess;
};

}  // namespace embedq::endpoints

// How many tokens a text has, estimated from its bytes: bytes per token, learned from what the provider says that it
// counted.
//
// It starts at four bytes a token, which is also OpenAI's own estimate of a request's size (0.25 tokens a UTF-8 byte:
// timescale/pgai pull request 730); tokenizers of other models need up to five times as many tokens for code and
// addresses (containers/ramalama issue 2852). Pure. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace embedq::endpoints {

class TokenEstimate {
public:
    static constexpr double first_guess = 4.0;

    // A request of so many bytes, prefixes counted, had so many tokens; 0: not said.
    void learn(std::size_t bytes, std::uint64_t tokens) {
        if (tokens == 0 || bytes == 0) return;
        const double told = std::clamp(static_cast<double>(bytes) / static_cast<double>(tokens), fewest, most);
        // A request of a few tokens is mostly the marks that the model puts around each text.
        const double weight = smoothing * std::min(1.0, static_cast<double>(tokens) / full_weight);
        bytes_per_token_ += weight * (told - bytes_per_token_);
    }

    [[nodiscard]] double bytes_per_token() const noexcept { return bytes_per_token_; }
    // As they are billed.
    [[nodiscard]] double tokens(std::size_t bytes) const noexcept {
        return static_cast<double>(bytes) / bytes_per_token_;
    }
    // For keeping to a limit: never fewer than a server that estimates by bytes would count.
    [[nodiscard]] double cautious_tokens(std::size_t bytes) const noexcept {
        return static_cast<double>(bytes) / std::min(bytes_per_token_, first_guess);
    }

private:
    static constexpr double smoothing = 0.2;
    static constexpr double full_weight = 200;  // tokens
    static constexpr double fewest = 0.25;
    static constexpr double most = 16;

    double bytes_per_token_ = first_guess;
};

}  // namespace embedq::endpoints

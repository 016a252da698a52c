// Asks one provider for its facts on a thread of its own, so that a provider that hangs delays nobody.
//
// Thread-safety: one thread makes it, takes the answer and destroys it.
#pragma once

#include <chrono>
#include <memory>

#include "embedq/provider.h"
#include "engine/background_call.h"

namespace embedq::cli {

class ProviderProbe {
public:
    // `surroundings` is what the provider uses, above all its context. A provider that does not end within `grace`
    // after it was asked to stop is left running, and keeps both.
    ProviderProbe(std::shared_ptr<Provider> provider, std::shared_ptr<void> surroundings,
                  std::chrono::milliseconds grace = std::chrono::seconds(1));

    // Once. What the provider reported, or `unavailable` if it did not answer by the deadline; `limit` is that time as
    // the message gives it.
    [[nodiscard]] Result<ProviderInfo> answer(std::chrono::steady_clock::time_point deadline,
                                              std::chrono::milliseconds limit);
    // How long the provider took to answer; after `answer`.
    [[nodiscard]] std::chrono::milliseconds took() const noexcept { return took_; }

private:
    struct Answer {
        ProviderInfo info;
        std::chrono::milliseconds took;
    };
    engine::BackgroundCall<Answer> call_;
    std::chrono::milliseconds took_{0};
};

}  // namespace embedq::cli

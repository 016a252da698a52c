// A provider asked for its facts in a thread of its own, so that one that does not come back holds up nobody.
//
// Thread-safety: one thread makes it, takes the answer and destroys it.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "embedq/provider.h"

namespace embedq::cli {

class Question {
public:
    // `surroundings` is what the provider looks at, its context above all. Whoever does not stop when asked, and not
    // within the grace after that, is left behind together with it.
    Question(std::shared_ptr<Provider> provider, std::shared_ptr<void> surroundings,
             std::chrono::milliseconds grace = std::chrono::seconds(1));
    Question(Question&&) = default;
    Question& operator=(Question&&) = delete;
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    ~Question();

    // Once. What the provider said, or `unavailable` when it has not said anything by then; `limit` is how long that is
    // for people.
    [[nodiscard]] Result<ProviderInfo> answer(std::chrono::steady_clock::time_point deadline,
                                              std::chrono::milliseconds limit);
    // How long the provider took to answer; after it did.
    [[nodiscard]] std::chrono::milliseconds took() const;

private:
    struct Asked;
    std::shared_ptr<Asked> asked_;
    std::future<Result<ProviderInfo>> answer_;
    std::chrono::milliseconds grace_;
    std::thread thread_;
};

}  // namespace embedq::cli

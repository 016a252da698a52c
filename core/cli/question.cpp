#include "cli/question.h"

#include <fmt/format.h>

#include <stop_token>
#include <utility>

#include "cli/present.h"

namespace embedq::cli {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Members stand in the order in which they are needed: the provider goes before what it looks at.
struct Question::Asked {
    Asked(std::shared_ptr<Provider> whom, std::shared_ptr<void> around)
        : surroundings(std::move(around)), provider(std::move(whom)) {}

    const std::shared_ptr<void> surroundings;
    const std::shared_ptr<Provider> provider;
    std::promise<Result<ProviderInfo>> promise;
    std::stop_source stop;
    milliseconds took{0};  // set before the promise
};

Question::Question(std::shared_ptr<Provider> provider, std::shared_ptr<void> surroundings, milliseconds grace)
    : asked_(std::make_shared<Asked>(std::move(provider), std::move(surroundings))),
      answer_(asked_->promise.get_future()),
      grace_(grace),
      thread_([asked = asked_] {
          const auto begin = steady_clock::now();
          auto info = asked->provider->info(asked->stop.get_token());
          asked->took = std::chrono::floor<milliseconds>(steady_clock::now() - begin);
          asked->promise.set_value(std::move(info));
      }) {}

Question::~Question() {
    if (!thread_.joinable()) return;
    asked_->stop.request_stop();
    if (answer_.valid() && answer_.wait_for(grace_) != std::future_status::ready) {
        thread_.detach();
    } else {
        thread_.join();
    }
}

Result<ProviderInfo> Question::answer(steady_clock::time_point deadline, milliseconds limit) {
    if (answer_.wait_until(deadline) == std::future_status::ready) return answer_.get();
    asked_->stop.request_stop();
    return fail(ErrorKind::unavailable,
                fmt::format("no answer within {}; see that its endpoints run and can be reached from here",
                            duration_of(limit)));
}

milliseconds Question::took() const {
    return asked_->took;
}

}  // namespace embedq::cli

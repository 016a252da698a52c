#include "engine/parallel_prober.h"

#include <utility>

#include "sync/mutex.h"

namespace embedq::engine {

namespace {

std::string in_seconds(std::chrono::milliseconds time) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

ParallelProber::~ParallelProber() {
    std::vector<Call> open;  // destroyed without the lock: that joins their threads
    const sync::Lock lock(mutex_);
    open.swap(abandoned_);
}

ParallelProber::Answers ParallelProber::probe(const std::set<std::string>& names, std::chrono::milliseconds limit,
                                              std::stop_token stop) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    Answers answers;
    std::vector<std::pair<std::string, Call>> calls;
    for (const std::string& name : names) {
        if (endpoints::ProbedProviderPtr known = providers_.known(name)) {
            answers.emplace(name, std::move(known));
        } else {
            calls.emplace_back(name, Call([this, name](std::stop_token stopped) {
                                   return providers_.known_or_probe(name, std::move(stopped));
                               }));
        }
    }
    for (auto& [name, call] : calls) {
        if (auto resolved = call.wait_until(deadline, stop)) {
            answers.emplace(name, std::move(*resolved));
            continue;
        }
        const std::string provider = "provider '" + name + "'";
        answers.emplace(
            name, fail(ErrorKind::unavailable, stop.stop_requested()
                                                   ? "the call to " + provider + " was cancelled before it answered"
                                                   : provider + " did not answer within " + in_seconds(limit)));
        abandon(std::move(call));
    }
    return answers;
}

void ParallelProber::abandon(Call call) {
    call.request_stop();
    std::vector<Call> ended;  // destroyed without the lock: that joins their threads
    const sync::Lock lock(mutex_);
    std::vector<Call> open;
    for (Call& earlier : abandoned_) (earlier.ended() ? ended : open).push_back(std::move(earlier));
    open.push_back(std::move(call));
    abandoned_ = std::move(open);
}

}  // namespace embedq::engine

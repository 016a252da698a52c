#include "http/side_by_side.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "sync/start_thread.h"

namespace embedq::http {
namespace {

using std::chrono::steady_clock;

// One time that all are asked.
class Round {
public:
    explicit Round(std::vector<bool> silent) : silent_(std::move(silent)), ended_(silent_.size(), false) {}

    void ended(std::size_t endpoint, bool answered) {
        const sync::Lock lock(mutex_);
        ended_[endpoint] = true;
        if (answered && !first_answer_) first_answer_ = steady_clock::now();
        changed_.notify_all();
    }
    // Returns the endpoints that are given up.
    [[nodiscard]] std::vector<bool> wait(const Bounds& bounds, const Patience& patience) {
        sync::Lock lock(mutex_);
        const auto any_ended = [&]() EMBEDQ_REQUIRES(mutex_) { return first_answer_ || all_ended(true); };
        changed_.wait_until(lock, bounds.stop, bounds.deadline, any_ended);
        if (first_answer_) {
            const auto until = [&](std::chrono::milliseconds time)
                                   EMBEDQ_REQUIRES(mutex_) { return std::min(bounds.deadline, *first_answer_ + time); };
            for (const bool with_silent : {false, true}) {
                changed_.wait_until(lock, bounds.stop, until(with_silent ? patience.silent : patience.usual),
                                    [&]() EMBEDQ_REQUIRES(mutex_) { return all_ended(with_silent); });
            }
        }
        std::vector<bool> given_up = ended_;
        given_up.flip();
        return given_up;
    }

private:
    [[nodiscard]] bool all_ended(bool with_silent) const EMBEDQ_REQUIRES(mutex_) {
        for (std::size_t i = 0; i < ended_.size(); ++i) {
            if (!ended_[i] && (with_silent || !silent_[i])) return false;
        }
        return true;
    }

    const std::vector<bool> silent_;
    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<bool> ended_ EMBEDQ_GUARDED_BY(mutex_);
    std::optional<steady_clock::time_point> first_answer_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace

SideBySide::SideBySide(std::size_t endpoints, Patience patience)
    : endpoints_(endpoints), patience_(patience), states_(endpoints) {}

SideBySide::Turn SideBySide::turn_of(const EmbedRequest& request) {
    const sync::Lock lock(mutex_);
    Endpoint& endpoint = states_[request.endpoint];
    if (!endpoint.silent) return Turn::usual;
    if (request.kind == TextKind::query) {
        // It goes to the endpoints in turn.
        const bool another = !std::ranges::all_of(states_, &Endpoint::silent);
        return another ? Turn::left_alone : Turn::brief;
    }
    return std::exchange(endpoint.documents_came, true) ? Turn::brief : Turn::left_alone;
}

Error SideBySide::left_alone() const {
    Error error{ErrorKind::unavailable,
                "it did not answer when it was asked for its model, and is tried before it gets work"};
    error.retry_after = patience_.left_alone;
    return error;
}

void SideBySide::heard(std::size_t endpoint) {
    const sync::Lock lock(mutex_);
    states_[endpoint] = {.answered_at = steady_clock::now()};
}

void SideBySide::given_up(const std::vector<bool>& endpoints) {
    const sync::Lock lock(mutex_);
    const auto busy_since = steady_clock::now() - patience_.busy;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        Endpoint& endpoint = states_[i];
        endpoint.silent = endpoints[i] && (!endpoint.answered_at || *endpoint.answered_at <= busy_since);
        if (!endpoint.silent) endpoint.documents_came = false;
    }
}

std::vector<bool> SideBySide::silent() {
    const sync::Lock lock(mutex_);
    std::vector<bool> silent;
    for (const Endpoint& endpoint : states_) silent.push_back(endpoint.silent);
    return silent;
}

std::vector<std::optional<Error>> SideBySide::ask_all(const Bounds& bounds, const AskOne& ask_one) {
    std::vector<std::optional<Error>> errors(endpoints_);
    if (endpoints_ == 1) {
        static_cast<void>(ask_one(0, bounds));
        return errors;
    }
    Round round(silent());
    std::stop_source give_up;
    const auto give_up_all = [&give_up] { give_up.request_stop(); };
    const std::stop_callback on_stop(bounds.stop, give_up_all);
    const Bounds own{bounds.deadline, give_up.get_token()};
    std::vector<std::jthread> threads(endpoints_);
    for (std::size_t i = 0; i < endpoints_; ++i) {
        const Status started = sync::start_thread(threads[i], [&, i] {
            bool answered = false;
            try {
                answered = ask_one(i, own);
            } catch (const std::exception& thrown) {  // nothing else would catch it in this thread
                errors[i] = Error{ErrorKind::internal, std::string("asking the endpoint failed: ") + thrown.what()};
            }
            round.ended(i, answered);
        });
        if (started) continue;
        errors[i] = started.error();
        round.ended(i, false);
    }
    const std::vector<bool> late = round.wait(bounds, patience_);
    give_up.request_stop();
    threads.clear();  // joins
    given_up(late);
    return errors;
}

}  // namespace embedq::http

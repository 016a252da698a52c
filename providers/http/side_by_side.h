// Asks all endpoints of a provider at the same time what they are, each on a thread of its own: one that accepts the
// connection and never answers must not delay the others.
//
// Thread-safety: every member may be called from several threads at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <vector>

#include "embedq/error.h"
#include "http/servers.h"
#include "sync/mutex.h"

namespace embedq::http {

// How long the endpoints that have not answered are waited for once another one has.
struct Patience {
    std::chrono::milliseconds usual{2'000};
    // Those that were given up the last time, too: while one hangs, the others are not held up by it again and again.
    std::chrono::milliseconds silent{500};
    // For a request to one of these, until it answers: what is sent to one that hangs must soon go to another.
    std::chrono::milliseconds request{4'000};
};

class SideBySide {
public:
    explicit SideBySide(std::size_t endpoints, Patience patience = {});

    // `ask_one(endpoint, bounds)` for each endpoint, and what each returned. Ends when all have returned; or at the
    // bounds; or when one has succeeded and the patience with the others is over. Those that are left are stopped, and
    // their errors say no more than that.
    template <class Ask>
    [[nodiscard]] auto ask(const Bounds& bounds, const Ask& ask_one)
        -> std::vector<std::invoke_result_t<const Ask&, std::size_t, const Bounds&>> {
        using Answer = std::invoke_result_t<const Ask&, std::size_t, const Bounds&>;
        std::vector<Answer> answers(endpoints_, Answer(fail(ErrorKind::unavailable, "it was not asked")));
        const auto errors = ask_all(bounds, [&](std::size_t endpoint, const Bounds& own) {
            answers[endpoint] = ask_one(endpoint, own);
            return answers[endpoint].has_value();
        });
        for (std::size_t i = 0; i < endpoints_; ++i) {
            if (errors[i]) answers[i] = std::unexpected(*errors[i]);
        }
        return answers;
    }

    // `send(bounds)`, a request to one endpoint, with less time where that was given up the last time. If that time is
    // over, the request has not reached its deadline: the endpoint is at fault, and not what was sent.
    template <class Send>
    [[nodiscard]] auto send(std::size_t endpoint, const Bounds& bounds, const Send& send)
        -> std::invoke_result_t<const Send&, const Bounds&> {
        if (!is_silent(endpoint)) return send(bounds);
        auto result =
            send(Bounds{std::min(bounds.deadline, std::chrono::steady_clock::now() + patience_.request), bounds.stop});
        if (result || result.error().kind != ErrorKind::unavailable)
            heard(endpoint);
        else if (std::chrono::steady_clock::now() < bounds.deadline)
            result.error().deadline_reached = false;
        return result;
    }

private:
    [[nodiscard]] bool is_silent(std::size_t endpoint);
    void heard(std::size_t endpoint);
    // True for an answer.
    using AskOne = std::function<bool(std::size_t endpoint, const Bounds& bounds)>;

    // By endpoint: why it could not be asked, if it could not.
    [[nodiscard]] std::vector<std::optional<Error>> ask_all(const Bounds& bounds, const AskOne& ask_one);

    const std::size_t endpoints_;
    const Patience patience_;
    sync::Mutex mutex_;
    std::vector<bool> silent_ EMBEDQ_GUARDED_BY(mutex_);  // by endpoint: it was given up the last time
};

}  // namespace embedq::http

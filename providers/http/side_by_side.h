// Asks all endpoints of a provider at the same time what they are, each on a thread of its own: one that accepts the
// connection and never answers must not delay the others. What is sent to such an endpoint afterwards is not held up by
// it either: it is called silent until it answers.
//
// Thread-safety: every member may be called from several threads at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <vector>

#include "embedq/error.h"
#include "embedq/provider.h"
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
    // The first documents for one of these are not sent, and the host is asked to leave it alone for so long. Then the
    // host tries it with a sample, while the documents go to another.
    std::chrono::milliseconds left_alone{1'000};
    // One that has answered a request within this time is busy, and not silent: some servers answer one request after
    // the other. Longer than most calls take.
    std::chrono::milliseconds busy{60'000};
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

    // `send(bounds)` for the request, or an error in its place: the first documents for a silent endpoint are not sent,
    // nor are queries while there is another endpoint.
    // What is sent to one has less time. If that is over, the request has not reached its deadline: the endpoint is at
    // fault, and not what was sent.
    template <class Send>
    [[nodiscard]] auto send(const EmbedRequest& request, const Bounds& bounds, const Send& send)
        -> std::invoke_result_t<const Send&, const Bounds&> {
        const Turn turn = turn_of(request);
        if (turn == Turn::left_alone) return std::unexpected(left_alone());
        const auto until = std::chrono::steady_clock::now() + patience_.request;
        auto result = send(turn == Turn::brief ? Bounds{std::min(bounds.deadline, until), bounds.stop} : bounds);
        if (result || result.error().kind != ErrorKind::unavailable)
            heard(request.endpoint);
        else if (turn == Turn::brief && std::chrono::steady_clock::now() < bounds.deadline)
            result.error().deadline_reached = false;
        return result;
    }

private:
    enum class Turn : std::uint8_t { usual, left_alone, brief };
    [[nodiscard]] Turn turn_of(const EmbedRequest& request);
    [[nodiscard]] Error left_alone() const;
    void heard(std::size_t endpoint);
    void given_up(const std::vector<bool>& endpoints);
    [[nodiscard]] std::vector<bool> silent();
    // True for an answer.
    using AskOne = std::function<bool(std::size_t endpoint, const Bounds& bounds)>;

    // By endpoint: why it could not be asked, if it could not.
    [[nodiscard]] std::vector<std::optional<Error>> ask_all(const Bounds& bounds, const AskOne& ask_one);

    const std::size_t endpoints_;
    const Patience patience_;
    sync::Mutex mutex_;
    struct Endpoint {
        bool silent = false;          // it was given up the last time, and is not busy
        bool documents_came = false;  // since it is silent
        std::optional<std::chrono::steady_clock::time_point> answered_at;  // a request
    };
    std::vector<Endpoint> states_ EMBEDQ_GUARDED_BY(mutex_);  // by endpoint
};

}  // namespace embedq::http

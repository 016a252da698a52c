// What every loop that repeats a failed attempt uses: how long to wait before the next one, and what to log.
//
//   auto claimed = store.claim(request);
//   if (!claiming_.succeeded(claimed)) return;   // again at claiming_.again_at()
//
// Thread-safety: one thread uses a Retry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "embedq/context.h"
#include "embedq/error.h"
#include "sync/backoff.h"
#include "sync/fault_log.h"

namespace embedq::sync {

class Retry {
public:
    using Steady = Clock::Steady;

    // `what` completes "cannot …": "claim jobs". The log and the context must outlive this.
    Retry(FaultLog& log, Context& context, std::string what, Backoff backoff)
        : log_(log), context_(context), what_(std::move(what)), backoff_(backoff) {}

    // Reports how an attempt ended. Returns whether it succeeded.
    template <class T>
    bool succeeded(const Result<T>& result) {
        if (result)
            succeeded();
        else
            failed(result.error());
        return result.has_value();
    }
    void succeeded() {
        if (!failing()) return;
        again_at_.reset();
        succeeded_at_ = context_.clock().now();
        log_.succeeded(what_);
    }
    void failed(const Error& error) {
        const Steady now = context_.clock().now();
        // A success that lasted for less than the last wait does not begin the backoff from the start: what comes and
        // goes is not asked more often than what is gone.
        if (!failing() && now - succeeded_at_ > wait_) failures_ = 0;
        wait_ = backoff_.delay(++failures_, context_.uniform());
        again_at_ = now + wait_;
        log_.failed(what_, error);
    }

    // The last attempt failed.
    [[nodiscard]] bool failing() const noexcept { return again_at_.has_value(); }
    // When the next attempt may begin; always in the past unless the last one failed.
    [[nodiscard]] Steady again_at() const noexcept { return again_at_.value_or(Steady::min()); }

private:
    FaultLog& log_;
    Context& context_;
    const std::string what_;
    const Backoff backoff_;
    std::uint64_t failures_ = 0;  // in a row
    std::chrono::milliseconds wait_{0};
    std::optional<Steady> again_at_;
    Steady succeeded_at_{};  // when it last succeeded after a failure
};

}  // namespace embedq::sync

// A rate limit per minute, as one process holds it: time slots reserved from the schedule that all processes share
// (Store::reserve).
//
// A slot of n requests that starts at T allows request i at T + i/rate, so what all processes send together is spread
// evenly. A permit that was not used is valid for another half second and is dropped then: a window of 60 s holds at
// most 60.5 s' worth, and one request per process. More than is held may be taken in one go, as a batch's tokens must
// be; the slots that follow pay the debt.
//
// Pure: time and slots are passed in. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

namespace embedq::endpoints {

class RateLimit {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    static constexpr std::chrono::milliseconds permit_lifetime{500};  // how long an unused permit is valid
    static constexpr std::chrono::milliseconds slot_length{250};      // what is reserved at a time, or a single request

    // So much of a limit is used that the server and the clock of the network never see more than all of it.
    static constexpr double usable = 0.98;

    // 0 per minute means "no rate limit": everything is allowed.
    explicit RateLimit(double per_minute) : per_second_(per_minute / 60.0) {}
    // What is held stays.
    void set_per_minute(double per_minute) { per_second_ = per_minute / 60.0; }

    [[nodiscard]] bool unlimited() const noexcept { return per_second_ <= 0; }
    [[nodiscard]] double per_minute() const noexcept { return per_second_ * 60.0; }

    // When the next call may go; Steady::max() while no slot is held.
    [[nodiscard]] Steady available_at(Steady now) {
        if (unlimited()) return now;
        if (held_until_ >= now) return now;
        held_until_ = {};
        drop_stale(now);
        if (slots_.empty()) return Steady::max();
        return std::max(now, permit_of(slots_.front()));
    }

    // A call could go by this limit and waits for another one: its permit stays valid until the next one's turn.
    // Otherwise slow limits that are out of step would never allow a call together.
    void hold(Steady now) {
        if (unlimited() || held_until_ >= now || available_at(now) > now) return;
        use(1);
        held_until_ = now + 2 * span_of(1) + permit_lifetime;
    }

    // A call is sent. It counts even if it fails.
    void take(double amount) {
        if (unlimited()) return;
        if (held_until_ != Steady{}) amount = std::max(0.0, amount - 1);
        held_until_ = {};
        debt_ += use(amount);
    }

    // When to reserve another slot, if there is something to send: `ahead` before the last slot ends.
    [[nodiscard]] Steady reserve_at(Steady now, Duration ahead) {
        if (unlimited()) return Steady::max();
        drop_stale(now);
        if (slots_.empty()) return now;
        const Slot& last = slots_.back();
        return last.start + span_of(last.amount) - ahead;
    }

    // How much to reserve: the debt, and a slot.
    [[nodiscard]] double reserve_amount() const noexcept {
        const double slot = per_second_ * std::chrono::duration<double>(slot_length).count();
        return debt_ + std::max(1.0, std::ceil(slot));
    }

    // A slot was reserved.
    void add_slot(Steady start, double amount) {
        const double paid = std::min(debt_, amount);
        debt_ -= paid;
        if (paid < amount) slots_.push_back({start, amount, paid});
    }

private:
    struct Slot {
        Steady start{};
        double amount = 0;
        double used = 0;
    };

    [[nodiscard]] Duration span_of(double amount) const {
        return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(amount / per_second_));
    }
    [[nodiscard]] Steady permit_of(const Slot& slot) const { return slot.start + span_of(slot.used); }

    // Returns what is more than is held.
    double use(double amount) {
        while (amount > 0 && !slots_.empty()) {
            Slot& first = slots_.front();
            const double part = std::min(amount, first.amount - first.used);
            first.used += part;
            amount -= part;
            if (first.used >= first.amount) slots_.pop_front();
        }
        return amount;
    }

    void drop_stale(Steady now) {
        while (!slots_.empty()) {
            Slot& first = slots_.front();
            const std::chrono::duration<double> past = now - permit_lifetime - first.start;
            // In whole requests.
            if (past.count() > 0) first.used = std::max(first.used, std::ceil(past.count() * per_second_));
            if (first.used < first.amount) return;
            slots_.pop_front();
        }
    }

    double per_second_;
    double debt_ = 0;  // taken, but not yet reserved; only while no slot is left
    std::deque<Slot> slots_;
    Steady held_until_{};  // of one permit that waits for another limit
};

}  // namespace embedq::endpoints

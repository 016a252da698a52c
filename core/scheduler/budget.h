// A budget per minute: a token bucket that starts with a single call and holds at most one second's worth, so that no window of 60 s
// exceeds the budget by more than a sixtieth.
//
// Pure: time is passed in. Not thread-safe; its lane guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace embedq::scheduler {

class Budget {
public:
    using Steady = std::chrono::steady_clock::time_point;

    // 0 per minute means "no budget": everything is granted.
    explicit Budget(std::uint32_t per_minute) : per_second_(per_minute / 60.0), capacity_(std::max(1.0, per_minute / 60.0)) {}

    [[nodiscard]] bool unlimited() const noexcept { return per_second_ <= 0; }

    // The moment from which `amount` may be taken. More than the capacity is granted once the bucket is full, and leaves a debt.
    [[nodiscard]] Steady available_at(double amount, Steady now) {
        if (unlimited()) return now;
        refill(now);
        const double wanted = std::min(amount, capacity_);
        if (level_ >= wanted) return now;
        return now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                         std::chrono::duration<double>((wanted - level_) / per_second_) + std::chrono::microseconds(1));
    }

    void take(double amount, Steady now) {
        if (unlimited()) return;
        refill(now);
        level_ -= amount;
    }

private:
    void refill(Steady now) {
        if (last_ == Steady{}) last_ = now;
        level_ = std::min(capacity_, level_ + std::chrono::duration<double>(now - last_).count() * per_second_);
        last_ = now;
    }

    double per_second_;
    double capacity_;
    double level_ = 1.0;
    Steady last_{};
};

}  // namespace embedq::scheduler

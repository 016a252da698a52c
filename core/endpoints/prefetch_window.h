// The prefetch window: how many texts of one provider a process holds at a time, which is what it gets done within a
// few seconds.
//
// A process that claims more keeps the work from other processes: with a slow model it would hold the whole queue for
// minutes while the others are idle, and its death would cost every job an expired lease. So the window depends on how
// long the answered texts stayed here. By Little's law that is the number of texts held, divided by the number done per
// second. The window doubles within one turnover while texts stay for a short time, shrinks when they stay too long,
// and is never smaller than what keeps every endpoint busy.
//
// Pure: time is passed in. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace embedq::endpoints {

class PrefetchWindow {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Seconds = std::chrono::duration<double>;

    static constexpr std::chrono::milliseconds longest_stay{5'000};  // of a text in this process

    // Between `floor` and `ceiling` texts; begins at the floor.
    PrefetchWindow(std::size_t floor, std::size_t ceiling)
        : ceiling_(ceiling), floor_(std::min(floor, ceiling)), texts_(floor_) {}

    [[nodiscard]] std::size_t texts() const noexcept { return texts_; }

    // How many texts may be claimed in addition to the `held` ones; 0 for less than an eighth of the window, since
    // small claims cost more than they are worth.
    [[nodiscard]] std::size_t left(std::size_t held) const noexcept {
        return held + texts_ / 8 < texts_ ? texts_ - held : 0;
    }

    // `texts` texts were answered, the oldest of which had been here since `since`; `held` includes them.
    void answered(std::size_t texts, std::size_t held, Steady since, Steady now) {
        const Seconds stay = now - since;
        if (stay < longest_stay / 2) {
            // A window that is not used says nothing.
            if (2 * held >= texts_) texts_ = std::min(ceiling_, texts_ + texts);
            return;
        }
        // Texts that were claimed before the window shrank have been counted.
        if (stay <= longest_stay || since < shrunk_at_) return;
        const double share = std::max(0.5, Seconds(longest_stay) / stay);
        texts_ = std::max(floor_, static_cast<std::size_t>(share * static_cast<double>(texts_)));
        shrunk_at_ = now;
    }

    // Takes over what was learned with other limits.
    void inherit(const PrefetchWindow& old) { texts_ = std::clamp(old.texts_, floor_, ceiling_); }

private:
    std::size_t ceiling_;
    std::size_t floor_;
    std::size_t texts_;
    Steady shrunk_at_{};
};

}  // namespace embedq::endpoints

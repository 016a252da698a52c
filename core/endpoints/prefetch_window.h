// How many texts of one provider a process holds at a time: what it gets done within a few seconds.
//
// Whoever claims more keeps it from the others: with a slow model one process would hold the whole queue for minutes
// while those beside it stand idle, and its death would cost every job an expired lease. So the room is steered by how
// long the texts that were answered had been here, which by Little's law is what is held over what gets done a second.
// It doubles within a turnover while they were here for a short time, shrinks when they were here for too long, and is
// never less than what keeps every endpoint busy.
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

    static constexpr std::chrono::milliseconds longest_stay{5'000};

    // Between `floor` and `ceiling` texts. It begins at the floor.
    PrefetchWindow(std::size_t floor, std::size_t ceiling)
        : ceiling_(ceiling), floor_(std::min(floor, ceiling)), texts_(floor_) {}

    [[nodiscard]] std::size_t texts() const noexcept { return texts_; }

    // How many may be claimed beside the `held`; none for less than an eighth of the room, since small claims would
    // cost more than they bring.
    [[nodiscard]] std::size_t left(std::size_t held) const noexcept {
        return held + texts_ / 8 < texts_ ? texts_ - held : 0;
    }

    // So many texts were answered, one of which had been here since `since`, longer than the others; `held` with them.
    void answered(std::size_t texts, std::size_t held, Steady since, Steady now) {
        const Seconds stay = now - since;
        if (stay < longest_stay / 2) {
            // A room that is not used says nothing.
            if (2 * held >= texts_) texts_ = std::min(ceiling_, texts_ + texts);
            return;
        }
        // What was claimed into a larger room has been counted.
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

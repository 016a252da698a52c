#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds redraw{100};
constexpr milliseconds plain_interval{5'000};
constexpr milliseconds measure_interval{500};
// Below the one, or above the other, a guess of the time that is left says nothing.
constexpr double least_rate = 0.1;                 // texts a second
constexpr double longest_left = 30.0 * 24 * 3600;  // seconds

}  // namespace

std::string bar_of(std::size_t done, std::size_t all, std::size_t width) {
    const std::size_t full = all == 0 ? width : std::min(width, done * width / all);
    return "[" + std::string(full, '#') + std::string(width - full, ' ') + "]";
}

void Progress::reading(std::size_t documents, std::size_t all, std::size_t operations, std::size_t embedded) {
    last_settled_ = embedded;
    show(fmt::format("{} reading {}/{}, {}, {} embedded", bar_of(documents, all, 20), count_of(documents),
                     counted(all, "document"), counted(operations, "operation"), counted(embedded, "text")),
         true);
}

void Progress::embedding(std::size_t settled, std::size_t all) {
    measure(settled, now_());
    const bool moved = settled != last_settled_;
    last_settled_ = settled;
    const std::size_t percent = all == 0 ? 100 : settled * 100 / all;
    std::string line = fmt::format("{} {:>3}% {}/{} embedded", bar_of(settled, all, 20), percent, count_of(settled),
                                   counted(all, "text"));
    if (rate_ >= least_rate && settled < all) {
        const double seconds = static_cast<double>(all - settled) / rate_;
        line += fmt::format(", {}/s",
                            rate_ < 10 ? fmt::format("{:.1f}", rate_) : count_of(static_cast<std::uint64_t>(rate_)));
        if (seconds <= longest_left)
            line += fmt::format(", {} left", duration_of(milliseconds(static_cast<std::int64_t>(seconds * 1000.0))));
    }
    show(line, moved);
}

void Progress::measure(std::size_t settled, Instant now) {
    if (!measured_at_) {
        measured_at_ = now;
        measured_ = settled;
        return;
    }
    const auto passed = now - *measured_at_;
    if (passed < measure_interval || settled < measured_) return;
    const double rate = static_cast<double>(settled - measured_) / std::chrono::duration<double>(passed).count();
    rate_ = rate_ == 0 ? rate : 0.7 * rate_ + 0.3 * rate;
    measured_at_ = now;
    measured_ = settled;
}

void Progress::show(const std::string& line, bool moved) {
    const Instant now = now_();
    if (console_.terminal().err) {
        if (shown_at_ && now - *shown_at_ < redraw) return;
        // One column is left free: a full line would scroll on some terminals.
        console_.transient(std::string_view(line).substr(0, console_.columns() - 1));
    } else {
        // The first line waits too: what is done immediately needs no progress line.
        if (!moved || now - shown_at_.value_or(started_) < plain_interval) return;
        console_.note(line);
    }
    shown_at_ = now;
}

}  // namespace embedq::cli

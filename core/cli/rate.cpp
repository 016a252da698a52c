#include "cli/rate.h"

#include <fmt/format.h>

#include <cstdint>

#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds measure_interval{500};
// Below the one, or above the other, a guess of the time that is left says nothing.
constexpr double least_rate = 0.1;                 // a second
constexpr double longest_left = 30.0 * 24 * 3600;  // seconds

}  // namespace

void Rate::measure(std::size_t done, Instant now) {
    if (!measured_at_ || done < measured_) {
        measured_at_ = now;
        measured_ = done;
        return;
    }
    const auto passed = now - *measured_at_;
    if (passed < measure_interval) return;
    const double rate = static_cast<double>(done - measured_) / std::chrono::duration<double>(passed).count();
    rate_ = rate_ == 0 ? rate : 0.7 * rate_ + 0.3 * rate;
    measured_at_ = now;
    measured_ = done;
}

std::string Rate::in_words(std::size_t left) const {
    if (rate_ < least_rate || left == 0) return {};
    const double seconds = static_cast<double>(left) / rate_;
    std::string words =
        fmt::format("{}/s", rate_ < 10 ? fmt::format("{:.1f}", rate_) : count_of(static_cast<std::uint64_t>(rate_)));
    if (seconds <= longest_left)
        words += fmt::format(", {} left", duration_of(milliseconds(static_cast<std::int64_t>(seconds * 1000.0))));
    return words;
}

}  // namespace embedq::cli

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
    rate_.measure(settled, now_());
    const bool moved = settled != last_settled_;
    last_settled_ = settled;
    const std::size_t percent = all == 0 ? 100 : settled * 100 / all;
    std::string line = fmt::format("{} {:>3}% {}/{} embedded", bar_of(settled, all, 20), percent, count_of(settled),
                                   counted(all, "text"));
    if (const std::string rate = rate_.in_words(all - std::min(all, settled)); !rate.empty()) line += ", " + rate;
    show(line, moved);
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

// The progress of `index`: a bar that redraws itself on a terminal, a plain line every few seconds elsewhere.
//
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "cli/console.h"
#include "cli/rate.h"

namespace embedq::cli {

class Progress {
public:
    using Instant = std::chrono::steady_clock::time_point;

    Progress(Console& console, std::function<Instant()> now)
        : console_(console), now_(std::move(now)), started_(now_()) {}
    ~Progress() { console_.transient({}); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // While documents are read: how many of how many, and the texts embedded meanwhile.
    void reading(std::size_t documents, std::size_t all, std::size_t operations, std::size_t embedded);
    // Afterwards: how many distinct texts are settled.
    void embedding(std::size_t settled, std::size_t all);

private:
    void show(const std::string& line, bool moved);

    Console& console_;
    const std::function<Instant()> now_;
    const Instant started_;
    std::optional<Instant> shown_at_;
    std::size_t last_settled_ = 0;
    Rate rate_;  // of texts
};

// "[#####     ]" of that many characters between the brackets.
[[nodiscard]] std::string bar_of(std::size_t done, std::size_t all, std::size_t width);

}  // namespace embedq::cli

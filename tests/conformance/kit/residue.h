// What an instance leaves in the process after its destruction: threads and file descriptors.
//
// Read from /proc/self. Thread-safety: plain functions and values; threads that others start meanwhile count.
#pragma once

#include <map>
#include <string>

#include "kit/call.h"

namespace embedq::conformance {

// The threads or descriptors of the process at one moment: number to name.
using Census = std::map<int, std::string>;

[[nodiscard]] Census threads_now();
[[nodiscard]] Census descriptors_now();

// The names of those that `count` finds and that were not in `before`; empty if there are none. Repeats until there are
// none or the limit is over, since a joined thread leaves the kernel's list a moment later.
[[nodiscard]] std::string left_since(const Census& before, Census (*count)(), Steady::duration limit);

// Makes and destroys an instance once, since libraries create some things once per process, and then several times
// more: anything that `count` finds only after those is a failure. `what`: "thread".
template <class Life>
void expect_nothing_left(const std::string& what, Census (*count)(), const Life& life) {
    constexpr int life_count = 3;
    constexpr std::chrono::seconds exit_limit{3};
    life();
    const Census before = count();
    for (int i = 0; i < life_count; ++i) life();
    const std::string left = left_since(before, count, exit_limit);
    EXPECT_TRUE(left.empty()) << life_count << " instances were made and destroyed, and a " << what
                              << " is left: " << left << "; end what an instance starts in its destructor";
}

}  // namespace embedq::conformance

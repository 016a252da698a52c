#include "kit/call.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace embedq::conformance {
namespace {

std::atomic<bool> hanging{false};

}  // namespace

void note_hanging_call() noexcept {
    hanging = true;
}

bool calls_are_hanging() noexcept {
    return hanging;
}

void end_program(int status) {
    if (!calls_are_hanging()) std::exit(status);
    std::fflush(nullptr);
    std::_Exit(status);
}

std::string in_words(Steady::duration time) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    if (milliseconds % 1000 == 0) return std::to_string(milliseconds / 1000) + " s";
    return std::to_string(milliseconds) + " ms";
}

}  // namespace embedq::conformance

#include "kit/residue.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>

namespace embedq::conformance {
namespace {

namespace fs = std::filesystem;

int number_of(const fs::path& entry) {
    const std::string name = entry.filename().string();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    return number;
}

std::string in_words(const Census& census) {
    std::string words;
    for (const auto& [number, name] : census) {
        if (!words.empty()) words += ", ";
        words += std::to_string(number) + " (" + name + ")";
    }
    return words;
}

}  // namespace

Census threads_now() {
    Census census;
    for (const auto& entry : fs::directory_iterator("/proc/self/task")) {
        std::string name;
        std::getline(std::ifstream(entry.path() / "comm"), name);
        census.emplace(number_of(entry.path()), name);
    }
    return census;
}

Census descriptors_now() {
    Census census;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const fs::path target = fs::read_symlink(entry.path(), gone);
        // The listing's own descriptor is one of those listed.
        if (gone || target == fs::path("/proc") / std::to_string(::getpid()) / "fd") continue;
        census.emplace(number_of(entry.path()), target.string());
    }
    return census;
}

std::string left_since(const Census& before, Census (*count)(), Steady::duration limit) {
    // The kernel does not report the exit of a thread, so its list is polled.
    constexpr auto between_looks = std::chrono::milliseconds(1);
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    const Steady::time_point end = Steady::now() + limit;
    while (true) {
        Census left = count();
        std::erase_if(left, [&](const auto& one) { return before.contains(one.first); });
        if (left.empty() || Steady::now() >= end) return in_words(left);
        never.wait_for(lock, between_looks);
    }
}

}  // namespace embedq::conformance

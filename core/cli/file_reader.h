// Reads a file whole, as it is at one time.
//
// A file that changes while it is read is read again: half of the old and half of the new one may well be a valid
// document. Thread-safety: a function without state.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>

#include "embedq/error.h"

namespace embedq::cli {

struct FileReading {
    std::size_t max_bytes = std::size_t{64} << 20U;
    // The real path that the file must have when it is open, so that no link leads elsewhere meanwhile; empty for any.
    std::string real_path = {};
    std::stop_token stop = {};
    // Waits before a file is read again; false if a stop was requested. Empty waits a moment by the real clock.
    std::function<bool()> wait = {};
    // Called when the bytes were read and before it is checked whether they changed: for tests.
    std::function<void()> after_read = {};
};

// The messages continue a sentence that begins with the path. `too_large` if it is longer than `max_bytes`;
// `unavailable` if it changed each time it was read, or on a stop; `not_found` if it does not exist.
[[nodiscard]] Result<std::string> read_file(const std::string& path, const FileReading& reading);

}  // namespace embedq::cli

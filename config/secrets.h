// Secrets as they are now: what files hold, and what commands print.
//
// `load` reads the files, so that a fault in one is reported, but runs no command: only what uses a secret does.
// Thread-safety: may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "embedq/error.h"
#include "embedq/options.h"

namespace embedq::config {

// Whether a command gives one of the instance's secrets, so that its options are not complete without running it.
[[nodiscard]] bool needs_command(const PluginInstance& instance);

// The options with all secrets read again: a command gets `time` at most. `misconfigured` where a secret cannot be
// read, `unavailable` where a command took too long or a stop was requested.
[[nodiscard]] Result<Options> options_with_secrets(const PluginInstance& instance, const std::stop_token& stop = {},
                                                   std::chrono::milliseconds time = std::chrono::seconds(10));

// The secret of one source, neither converted nor checked for UTF-8; errors as above, but `invalid_argument` for a
// file. The message names the source.
[[nodiscard]] Result<std::string> read_secret(const SecretSource& source, const std::stop_token& stop = {},
                                              std::chrono::milliseconds time = std::chrono::seconds(10));

// By which one sees that a file was changed or replaced. All 0 if it cannot be examined.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  // nanoseconds
    std::int64_t changed = 0;   // nanoseconds, with its owner and mode

    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Of the files among the sources, in their order.
[[nodiscard]] std::vector<FileStamp> stamps(std::span<const SecretSource> sources);

}  // namespace embedq::config

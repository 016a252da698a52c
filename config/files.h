// What a configuration takes from outside its document: files and environment variables.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/configuration.h"
#include "embedq/error.h"

namespace embedq::config {

// The bytes of a regular file; a pipe or a device is an error, and is not waited for. The error's message continues a
// sentence that begins with the file's name: "does not exist".
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t longest);

// The text of a secret's file, without its trailing newline. An empty file is an error.
[[nodiscard]] Result<std::string> read_secret_file(const std::filesystem::path& path);

struct Expanded {
    std::string text;
    bool from_environment = false;  // it contains the value of a variable that is set
};

// Replaces ${NAME} and ${NAME:-default} (the default also where NAME is empty, as in a shell); $${ stands for ${.
[[nodiscard]] Result<Expanded> expand(std::string_view text, const Environment& environment);

}  // namespace embedq::config

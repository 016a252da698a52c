// What a configuration takes from outside its document: files and environment variables.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "config/configuration.h"

namespace embedq::config {

// The bytes of a file, or why not, as the end of a sentence whose beginning is the file's name.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::filesystem::path& path, std::size_t longest);

// The text of a secret's file, without its trailing newline. An empty one is an error.
[[nodiscard]] std::expected<std::string, std::string> read_secret_file(const std::filesystem::path& path);

struct Expanded {
    std::string text;
    bool from_environment = false;  // some variable that is set went into it
};

// Replaces ${NAME} and ${NAME:-default} (the default also where NAME is empty, as in a shell); $${ stands for ${.
[[nodiscard]] std::expected<Expanded, std::string> expand(std::string_view text, const Environment& environment);

}  // namespace embedq::config

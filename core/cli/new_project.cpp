#include "cli/new_project.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include "cli/console.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kinds{"store", "provider", "notifier", "service"};
// A file name and a C++ class are made of it, and file systems limit the length of names.
constexpr std::size_t longest_name = 64;

// The placeholders in the template.
constexpr std::string_view name_in_template = "your_name";
constexpr std::string_view class_in_template = "YourName";

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && is_lower(name.front()) &&
           std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

// The nearest valid name: "Acme-2" gives "acme_2"; empty if no character is valid.
std::string name_like(std::string_view name) {
    std::string like;
    for (const char c : name.substr(0, longest_name)) {
        if (is_lower(c) || is_digit(c) || c == '_') like += c;
        if (is_upper(c)) like += static_cast<char>(c - 'A' + 'a');
        if (c == '-' || c == ' ' || c == '.') like += '_';
    }
    like.erase(0, std::distance(like.begin(), std::ranges::find_if(like, is_lower)));
    return like;
}

// "word_count" gives "WordCount".
std::string class_of(std::string_view name) {
    std::string result;
    bool starts = true;
    for (const char c : name) {
        if (c == '_') {
            starts = true;
            continue;
        }
        result += starts && is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
        starts = false;
    }
    return result;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::string renamed(std::string text, const NewProject& project) {
    return replaced(replaced(std::move(text), name_in_template, project.name), class_in_template,
                    class_of(project.name));
}

Status check(const NewProject& project, const fs::path& templates) {
    if (std::ranges::find(kinds, project.kind) == kinds.end()) {
        const auto near = nearest(project.kind, kinds);
        return fail(
            ErrorKind::invalid_argument,
            fmt::format("'{}' is not a kind of plugin, expected {}", plain(project.kind), fmt::join(kinds, ", ")),
            near ? fmt::format("did you mean '{}'?", *near) : "");
    }
    if (!is_name(project.name)) {
        const std::string like = name_like(project.name);
        return fail(ErrorKind::invalid_argument, fmt::format("'{}' is not a valid plugin name", plain(project.name)),
                    fmt::format("use up to {} lower-case letters, digits and '_', starting with a letter{}",
                                longest_name, like.empty() ? "" : fmt::format(", such as '{}'", like)));
    }
    std::error_code error;
    if (fs::symlink_status(project.folder, error).type() != fs::file_type::not_found) {
        return fail(ErrorKind::conflict, fmt::format("'{}' exists already", project.folder.string()),
                    "name another folder with --into, or move that one away");
    }
    if (const fs::path source = templates / project.kind; !fs::is_directory(source, error)) {
        return fail(ErrorKind::not_found, fmt::format("the template does not exist at '{}'", source.string()),
                    "install all of embedq: cmake --install BUILD --prefix PREFIX");
    }
    return {};
}

Status copy_renamed(const fs::path& from, const fs::path& to, const NewProject& project) {
    std::ifstream in(from, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) return fail(ErrorKind::internal, fmt::format("the template's file '{}' cannot be read", from.string()));
    std::ofstream out(to, std::ios::binary);
    out << renamed(text, project);
    out.close();
    if (!out)
        return fail(ErrorKind::internal, fmt::format("'{}' cannot be written", to.string()),
                    "check the free disk space and the permissions");
    return {};
}

Result<std::vector<fs::path>> copy_all(const NewProject& project, const fs::path& source) {
    std::vector<fs::path> files;
    std::error_code error;
    fs::recursive_directory_iterator entry(source, error);
    for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
        const fs::path relative = renamed(entry->path().lexically_relative(source).string(), project);
        if (entry->is_directory()) {
            fs::create_directory(project.folder / relative, error);
            continue;
        }
        if (Status copied = copy_renamed(entry->path(), project.folder / relative, project); !copied)
            return std::unexpected(copied.error());
        files.push_back(relative);
    }
    if (error)
        return fail(ErrorKind::internal,
                    fmt::format("the template '{}' cannot be copied: {}", source.string(), error.message()));
    std::ranges::sort(files);
    return files;
}

}  // namespace

Result<std::vector<fs::path>> make_project(const NewProject& project, const fs::path& templates) {
    if (Status sound = check(project, templates); !sound) return std::unexpected(sound.error());
    std::error_code error;
    fs::create_directories(project.folder, error);
    if (error) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("the folder '{}' cannot be created: {}", project.folder.string(), error.message()),
                    "name another one with --into");
    }
    auto files = copy_all(project, templates / project.kind);
    if (!files) fs::remove_all(project.folder, error);
    return files;
}

}  // namespace embedq::cli

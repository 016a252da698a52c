#include "config/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "config/text.h"

namespace embedq::config {
namespace {

constexpr std::size_t longest_document = 2U << 20U;
constexpr std::size_t longest_secret = 64U << 10U;

bool is_name(std::string_view name) {
    static constexpr std::string_view first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static constexpr std::string_view later = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return !name.empty() && first.find(name.front()) != std::string_view::npos &&
           name.find_first_not_of(later) == std::string_view::npos;
}

constexpr const char* escape_hint = "write $${ for a plain ${";

// Expands the text between ${ and }.
Result<Expanded> variable(std::string_view inside, const Environment& environment) {
    const auto dash = inside.find(":-");
    const std::string_view name = inside.substr(0, dash);
    if (!is_name(name))
        return fail(ErrorKind::invalid_argument,
                    "found '${' without a variable's name after it, expected ${NAME} or ${NAME:-default}", escape_hint);
    if (auto value = environment(name); value && (!value->empty() || dash == std::string_view::npos))
        return Expanded{std::move(*value), true};
    if (dash != std::string_view::npos) return Expanded{std::string(inside.substr(dash + 2)), false};
    return fail(ErrorKind::invalid_argument, fmt::format("the environment variable {} is not set", name),
                fmt::format("set it, or write ${{{}:-default}}", name));
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t longest) {
    const auto refuse = [](std::string why, std::string hint = {}) {
        return fail(ErrorKind::invalid_argument, std::move(why), std::move(hint));
    };
    const auto reason = [](int code) { return std::generic_category().message(code); };
    // Without O_NONBLOCK, opening a pipe would wait for somebody who writes to it.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 && errno == ENOENT) return refuse("does not exist");
    if (file < 0 && errno == EACCES) return refuse("cannot be read", "check that this user may read it");
    if (file < 0) return refuse(fmt::format("cannot be reached: {}", reason(errno)));
    const struct Closer {
        int file;
        ~Closer() { ::close(file); }
    } closer{file};
    struct stat status{};
    if (::fstat(file, &status) != 0) return refuse(fmt::format("cannot be reached: {}", reason(errno)));
    if (S_ISDIR(status.st_mode)) return refuse("is a folder, expected a file");
    if (!S_ISREG(status.st_mode)) return refuse("is a pipe, a socket or a device, expected a file");
    std::string text;
    std::array<char, 1U << 16U> block{};
    while (true) {
        const ssize_t got = ::read(file, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(fmt::format("cannot be read completely: {}", reason(errno)));
        if (got == 0) return text;
        text.append(block.data(), static_cast<std::size_t>(got));
        if (text.size() > longest) return refuse(fmt::format("is longer than {} KiB", longest >> 10U));
    }
}

Result<std::string> read_secret_file(const std::filesystem::path& path) {
    auto text = read_file(path, longest_secret);
    if (!text) return text;
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    if (text->empty()) return fail(ErrorKind::invalid_argument, "is empty, expected a secret in it");
    return text;
}

Result<Expanded> expand(std::string_view text, const Environment& environment) {
    Expanded all;
    while (!text.empty()) {
        if (text.starts_with("$${")) {
            all.text += "${";
            text.remove_prefix(3);
        } else if (text.starts_with("${")) {
            const auto end = text.find('}');
            if (end == std::string_view::npos)
                return fail(ErrorKind::invalid_argument,
                            "found '${' without its '}', expected ${NAME} or ${NAME:-default}", escape_hint);
            auto value = variable(text.substr(2, end - 2), environment);
            if (!value) return value;
            all.text += value->text;
            all.from_environment = all.from_environment || value->from_environment;
            text.remove_prefix(end + 1);
        } else {
            const auto next = std::min(text.find('$', 1), text.size());
            all.text += text.substr(0, next);
            text.remove_prefix(next);
        }
    }
    return all;
}

Environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

Source Source::file(std::filesystem::path path) {
    Source source;
    source.name_ = path.string();
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    source.path_ = error ? path : absolute.lexically_normal();
    source.folder_ = source.path_.parent_path();
    return source;
}

Source Source::text(std::string text, std::string name, std::filesystem::path folder) {
    Source source;
    source.name_ = std::move(name);
    std::error_code error;
    source.folder_ = folder.empty() ? std::filesystem::current_path(error) : std::move(folder);
    source.text_ = std::move(text);
    return source;
}

std::expected<std::string, Diagnostic> Source::read() const {
    if (path_.empty()) return text_;
    auto text = read_file(path_, longest_document);
    if (!text)
        return std::unexpected(Diagnostic{name_, 0, 0, false, "the file " + text.error().message, text.error().hint});
    return std::move(*text);
}

std::string to_string(const Diagnostic& diagnostic) {
    std::string text = diagnostic.file;
    if (diagnostic.line != 0) text += fmt::format(":{}:{}", diagnostic.line, diagnostic.column);
    text += fmt::format(": {}: {}", diagnostic.warning ? "warning" : "error", diagnostic.message);
    return diagnostic.hint.empty() ? text : fmt::format("{}; {}", text, diagnostic.hint);
}

}  // namespace embedq::config

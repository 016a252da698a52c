#include "config/files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <system_error>

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

// What stands between ${ and }.
std::expected<Expanded, std::string> variable(std::string_view inside, const Environment& environment) {
    const auto dash = inside.find(":-");
    const std::string_view name = inside.substr(0, dash);
    if (!is_name(name))
        return std::unexpected(
            "found '${' without a variable's name after it, expected ${NAME} or ${NAME:-default}; write $${ for a "
            "plain ${");
    if (auto value = environment(name); value && (!value->empty() || dash == std::string_view::npos))
        return Expanded{std::move(*value), true};
    if (dash != std::string_view::npos) return Expanded{std::string(inside.substr(dash + 2)), false};
    return std::unexpected(
        fmt::format("the environment variable {} is not set; set it, or write ${{{}:-default}}", name, name));
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::filesystem::path& path, std::size_t longest) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) return std::unexpected("does not exist");
    if (error) return std::unexpected(fmt::format("cannot be reached: {}", error.message()));
    if (status.type() == std::filesystem::file_type::directory) return std::unexpected("is a folder, expected a file");
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return std::unexpected("cannot be read; check that this user may read it");
    std::string text(longest + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) return std::unexpected("cannot be read to its end");
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > longest) return std::unexpected(fmt::format("is longer than {} KiB", longest >> 10U));
    return text;
}

std::expected<std::string, std::string> read_secret_file(const std::filesystem::path& path) {
    auto text = read_file(path, longest_secret);
    if (!text) return text;
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    if (text->empty()) return std::unexpected("is empty, expected a secret in it");
    return text;
}

std::expected<Expanded, std::string> expand(std::string_view text, const Environment& environment) {
    Expanded all;
    while (!text.empty()) {
        if (text.starts_with("$${")) {
            all.text += "${";
            text.remove_prefix(3);
        } else if (text.starts_with("${")) {
            const auto end = text.find('}');
            if (end == std::string_view::npos)
                return std::unexpected(
                    "found '${' without its '}', expected ${NAME} or ${NAME:-default}; write $${ for a plain ${");
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
    if (!text) return std::unexpected(Diagnostic{name_, 0, 0, false, "the file " + text.error()});
    return std::move(*text);
}

std::string to_string(const Diagnostic& diagnostic) {
    const std::string_view kind = diagnostic.warning ? "warning" : "error";
    if (diagnostic.line == 0) return fmt::format("{}: {}: {}", diagnostic.file, kind, diagnostic.message);
    return fmt::format("{}:{}:{}: {}: {}", diagnostic.file, diagnostic.line, diagnostic.column, kind,
                       diagnostic.message);
}

}  // namespace embedq::config

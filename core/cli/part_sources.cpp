#include "cli/part_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "catalog/encoding.h"
#include "catalog/pointer.h"
#include "cli/file_reader.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;
using catalog::PartPlace;

constexpr std::chrono::seconds longest_fetching{300};  // of all parts of one document

bool is_hidden(const fs::path& relative) {
    return std::ranges::any_of(relative, [](const fs::path& name) { return name.string().starts_with('.'); });
}

bool has_scheme(std::string_view reference) {
    return fetch::is_url(reference) || reference.starts_with("file:") || reference.starts_with("//");
}

// What is below the document's place by the path below it, anything else by its URL: so no two have one name.
std::string name_of_url(const std::string& document, const std::string& part) {
    const std::string folder = document.substr(0, document.substr(0, document.find('?')).rfind('/') + 1);
    const bool is_below = part.size() > folder.size() && part.starts_with(folder) && part[folder.size()] != '/';
    return is_below ? part.substr(folder.size()) : part;
}

}  // namespace

FolderParts::FolderParts(std::string file, std::string root)
    : document_{file, fs::path(file).filename().string()}, root_(std::move(root)) {}

bool FolderParts::is_inside(std::string_view path) const {
    const fs::path relative = fs::path(path).lexically_relative(root_);
    return !relative.empty() && *relative.begin() != "..";
}

Result<PartPlace> FolderParts::locate(const PartPlace& from, std::string_view reference) {
    const auto refuse = [](std::string why) { return fail(ErrorKind::invalid_argument, std::move(why)); };
    if (has_scheme(reference)) return refuse("is a URL, and a file is followed to files only");
    const std::string decoded = catalog::percent_decoded(reference);
    if (decoded.find('\0') != std::string::npos) return refuse("is not a path: it contains a zero byte");
    const fs::path path = (fs::path(from.id).parent_path() / decoded);
    // Before anything is asked of the file system, which would tell whether a file outside exists.
    constexpr const char* outside = "is outside the folder that is indexed";
    if (!is_inside(path.lexically_normal().string())) return refuse(outside);
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory)
        return fail(ErrorKind::not_found, "does not exist");
    if (error) return refuse("cannot be read: " + error.message());
    if (!is_inside(real.string())) return refuse(outside);
    if (is_hidden(real.lexically_relative(root_))) return refuse("is hidden, and hidden files are not read");
    if (!fs::is_regular_file(real, error)) return refuse("is not a file");
    std::string name = real.lexically_relative(fs::path(document_.id).parent_path()).string();
    if (catalog::find_invalid_utf8(name)) return refuse("has a name that is not UTF-8");
    return PartPlace{real.string(), std::move(name)};
}

Result<std::string> FolderParts::read(const PartPlace& part, std::size_t max_bytes, std::stop_token stop) {
    return read_file(part.id, {.max_bytes = max_bytes, .real_path = part.id, .stop = std::move(stop)});
}

UrlParts::UrlParts(std::string url, fetch::Fetcher& fetcher, Clock clock)
    : document_{url, url}, fetcher_(fetcher), clock_(std::move(clock)), deadline_(clock_() + longest_fetching) {}

Result<PartPlace> UrlParts::locate(const PartPlace& from, std::string_view reference) {
    const auto resolved = fetch::resolve_reference(from.id, std::string(reference));
    if (!resolved) return std::unexpected(resolved.error());
    auto url = fetcher_.read_url(*resolved);
    if (!url) return std::unexpected(url.error());
    if (!fetch::have_same_origin(url->text, document_.id))
        return fail(ErrorKind::invalid_argument, "is on another server than the document");
    std::string name = name_of_url(document_.id, url->text);
    if (catalog::find_invalid_utf8(name)) return fail(ErrorKind::invalid_argument, "has a name that is not UTF-8");
    return PartPlace{std::move(url->text), std::move(name)};
}

Result<std::string> UrlParts::read(const PartPlace& part, std::size_t max_bytes, std::stop_token stop) {
    if (clock_() >= deadline_) {
        return fail(ErrorKind::unavailable,
                    fmt::format("was not fetched, since the parts took more than {} s", longest_fetching.count()));
    }
    auto fetched = fetcher_.fetch_part(part.id, document_.id, max_bytes, std::move(stop));
    if (!fetched) return std::unexpected(std::move(fetched.error()));
    return std::move(fetched->content);
}

}  // namespace embedq::cli

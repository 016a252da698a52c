#include "cli/document_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "catalog/document.h"
#include "catalog/names.h"

namespace embedq::cli {

namespace fs = std::filesystem;

bool is_document_name(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    return extension == ".json" || extension == ".yaml" || extension == ".yml";
}

namespace {

bool is_skipped_folder(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with('.') || name == "node_modules";
}

// Whether two paths are written the same way, apart from what the working folder and "." add.
bool is_same_path(const fs::path& a, const fs::path& b) {
    std::error_code error;
    return fs::absolute(a, error).lexically_normal() == fs::absolute(b, error).lexically_normal();
}

std::string why_refused(fs::file_type type, const std::error_code& error) {
    switch (type) {
        case fs::file_type::not_found: return "does not exist; name a file or a folder of OpenAPI documents";
        case fs::file_type::fifo: return "is a named pipe, not a file";
        case fs::file_type::socket: return "is a socket, not a file";
        case fs::file_type::block:
        case fs::file_type::character: return "is a device, not a file";
        default: return error ? "cannot be read: " + error.message() : "is neither a file nor a folder";
    }
}

class Finder {
public:
    Finder(std::stop_token stop, const fetch::Fetcher* fetcher) : stop_(std::move(stop)), fetcher_(fetcher) {}

    void add(const std::string& named) {
        if (fetcher_ != nullptr && fetch::is_url(named)) return add_url(named);
        std::error_code error;
        const fs::file_status status = fs::status(named, error);
        if (fs::is_directory(status)) {
            add_folder(named);
        } else if (fs::is_regular_file(status)) {
            add_file({.path = named, .spec_name = catalog::spec_name_from_path(fs::path(named).filename().string())});
        } else {
            found_.refused.push_back({named, why_refused(status.type(), error)});
        }
    }

    FoundDocuments take() && {
        found_.walked = std::move(seen_folders_);
        return std::move(found_);
    }

private:
    void add_url(const std::string& named) {
        const auto url = fetcher_->read_url(named);
        if (!url) {
            found_.refused.push_back({named, to_string(url.error())});
        } else if (seen_files_.try_emplace(url->text, found_.files.size()).second) {
            found_.files.push_back({url->text, catalog::spec_name_from_path(url->path), SourceKind::url});
        }
    }

    void add_folder(const std::string& named) {
        std::error_code error;
        const fs::path real = fs::canonical(named, error);
        if (error) return refuse(named, "the folder cannot be read: " + error.message());
        named_ = named;
        found_.folders.push_back({.root = real.string(), .paths = {}, .unknown = {}});
        walk(named);
    }

    [[nodiscard]] WalkedFolder& folder() { return found_.folders.back(); }
    [[nodiscard]] std::string below(const fs::path& path) const {
        const std::string relative = path.lexically_relative(named_).string();
        return relative == "." ? std::string() : relative;
    }
    void refuse(const fs::path& path, std::string reason) {
        found_.refused.push_back({path.string(), std::move(reason)});
    }

    // Folders are remembered by their real path, which ends loops of links. What is under one that was walked before,
    // by another path, is not known by this one.
    void walk(const fs::path& path) {
        std::error_code error;
        const fs::path real = fs::canonical(path, error);
        if (!error && !seen_folders_.insert(real.string()).second) {
            folder().unknown.insert(below(path));
            if (const std::string& first = walked_as_[real.string()]; !is_same_path(first, path))
                found_.skipped.push_back({path.string(), fmt::format("is the folder '{}', which is walked", first)});
            return;
        }
        walked_as_.emplace(real.string(), path.string());
        std::vector<fs::directory_entry> entries;
        if (!error) {
            for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
                entries.push_back(*it);
        }
        if (error) {
            refuse(path, "the folder cannot be read: " + error.message());
            folder().unknown.insert(below(path));
        }
        std::ranges::sort(entries, {},
                          [](const fs::directory_entry& entry) { return entry.path().filename().string(); });
        for (const fs::directory_entry& entry : entries) {
            if (stop_.stop_requested()) {
                folder().unknown.insert("");
                return;
            }
            add_entry(entry);
        }
    }

    void add_entry(const fs::directory_entry& entry) {
        const fs::path& path = entry.path();
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        if (fs::is_directory(status)) {
            if (is_skipped_folder(path)) {
                found_.skipped.push_back(
                    {path.string(), "hidden folders and node_modules are walked if they are named"});
            } else {
                walk(path);
            }
        } else if (fs::is_regular_file(status)) {
            if (!is_document_name(path)) return;
            folder().paths.insert(below(path));
            add_file({.path = path.string(),
                      .spec_name = catalog::spec_name_from_path(below(path)),
                      .root = folder().root,
                      .path_in_root = below(path),
                      .named = false});
        } else if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
            add_unreachable(path, error);
        } else if (is_document_name(path)) {
            folder().paths.insert(below(path));
            found_.skipped.push_back({path.string(), why_refused(status.type(), error)});
        }
    }

    // A link that leads nowhere or into a closed folder. What it was meant for may be a document or a folder of them.
    void add_unreachable(const fs::path& path, const std::error_code& error) {
        folder().unknown.insert(below(path));
        const bool may_matter = is_document_name(path) || !path.has_extension();
        if (!may_matter || is_skipped_folder(path)) return;
        std::error_code unreadable;
        const fs::path target = fs::read_symlink(path, unreadable);
        if (unreadable) return refuse(path, "cannot be read: " + error.message());
        const std::string why = error && error != std::errc::no_such_file_or_directory
                                    ? "cannot be reached: " + error.message()
                                    : "does not exist";
        refuse(path, fmt::format("is a link to '{}', which {}", target.string(), why));
    }

    void add_file(DocumentFile file) {
        std::error_code error;
        const fs::path real = fs::canonical(file.path, error);
        const auto [seen, is_new] = seen_files_.try_emplace(error ? file.path : real.string(), found_.files.size());
        if (is_new) {
            found_.files.push_back(std::move(file));
            return;
        }
        DocumentFile& first = found_.files[seen->second];
        if (!is_same_path(first.path, file.path))
            found_.skipped.push_back({file.path, fmt::format("is the file '{}', which is taken", first.path)});
        if (file.named) first.named = true;
    }

    std::stop_token stop_;
    const fetch::Fetcher* fetcher_;
    fs::path named_;  // the folder that is walked, as it was named
    FoundDocuments found_;
    std::set<std::string> seen_folders_;
    std::map<std::string, std::string> walked_as_;   // their first paths
    std::map<std::string, std::size_t> seen_files_;  // real paths and URLs, with their places in `files`
};

using Place = std::pair<std::string, std::string>;  // root, and path under it

// The specs of a catalog that came from files and URLs.
struct StoredSources {
    std::unordered_map<std::string, std::string> source_of;  // by name
    std::unordered_map<std::string, std::string> name_of;    // by source
    std::map<Place, std::string> name_at;
    std::unordered_map<std::string, Place> place_of;  // by name, for those that have one
    // By source, for URLs that can be fetched with their validator.
    std::unordered_map<std::string, StoredDocument> document_of;
};

std::optional<StoredDocument> stored_document(const SpecInfo& spec) {
    // Texts of another version are made again, for which the document must be read.
    if (spec.text_version != catalog::text_version) return std::nullopt;
    return StoredDocument{spec.etag,         spec.content_hash,  spec.operation_count, spec.record.operations_left_out,
                          spec.record.notes, spec.record.refresh};
}

Result<StoredSources> stored_sources(Engine& engine, std::string_view catalog_id) {
    StoredSources stored;
    const Status listed = each_spec(engine, catalog_id, [&](const SpecInfo& spec) {
        if (spec.source_kind != SourceKind::file && spec.source_kind != SourceKind::url) return;
        stored.source_of.emplace(spec.spec_name, spec.source);
        if (!spec.record.root.empty()) {
            const Place place(spec.record.root, spec.record.path);
            stored.name_at.emplace(place, spec.spec_name);
            stored.place_of.emplace(spec.spec_name, place);
        }
        const bool first = stored.name_of.emplace(spec.source, spec.spec_name).second;
        if (auto document = stored_document(spec); document && first && spec.source_kind == SourceKind::url) {
            stored.document_of.emplace(spec.source, std::move(*document));
        }
    });
    if (!listed) return std::unexpected(listed.error());
    return stored;
}

// Whether the source that has a name still exists, and is not the same file by another path. URLs are assumed to exist.
bool is_another(const std::string& source, const DocumentFile& file) {
    if (fetch::is_url(source) || file.kind == SourceKind::url) return source != file.path;
    const std::string& path = file.path;
    std::error_code error;
    const fs::file_status status = fs::status(source, error);
    // A file that cannot be examined may exist.
    if (!fs::is_regular_file(status) && status.type() != fs::file_type::none) return false;
    return !fs::equivalent(source, path, error);
}

// The name that the document has in the catalog.
std::optional<std::string> known_name(const StoredSources& stored, const DocumentFile& file,
                                      const std::string& source) {
    if (const auto at = stored.name_at.find({file.root, file.path_in_root}); at != stored.name_at.end())
        return at->second;
    const auto known = stored.name_of.find(source);
    return known == stored.name_of.end() ? std::nullopt : std::optional(known->second);
}

// A file stays a file of the folder that its spec records, if that is around the folder that was named, or if the file
// itself was named.
void keep_place(const StoredSources& stored, DocumentFile& file) {
    const auto place = stored.place_of.find(file.spec_name);
    if (place == stored.place_of.end() || file.kind != SourceKind::file) return;
    const auto& [root, path] = place->second;
    const bool around = file.root.empty() || file.root == root || file.root.starts_with(root + "/");
    std::error_code error;
    if (!around || !fs::equivalent(root + "/" + path, file.path, error)) return;
    file.root = root;
    file.path_in_root = path;
}

}  // namespace

std::string source_of(const DocumentFile& file) {
    if (file.kind == SourceKind::url) return file.path;
    if (!file.root.empty()) return (fs::path(file.root) / file.path_in_root).lexically_normal().string();
    // The source of a file does not depend on the working folder; otherwise it would count as changed.
    std::error_code error;
    const fs::path absolute = fs::absolute(file.path, error);
    return error ? file.path : absolute.lexically_normal().string();
}

Status each_spec(Engine& engine, std::string_view catalog_id, const std::function<void(const SpecInfo&)>& visit) {
    constexpr std::size_t page = 1'000;
    std::string after;
    while (true) {
        const auto specs = engine.specs(catalog_id, after, page);
        // The first document creates the catalog.
        if (!specs && specs.error().kind == ErrorKind::not_found) return {};
        if (!specs) return std::unexpected(specs.error());
        if (specs->empty()) return {};
        for (const SpecInfo& spec : *specs) visit(spec);
        after = specs->back().spec_name;
    }
}

FoundDocuments find_documents(std::span<const std::string> paths, std::stop_token stop, const fetch::Fetcher* fetcher) {
    Finder finder(std::move(stop), fetcher);
    for (const std::string& path : paths) finder.add(path);
    return std::move(finder).take();
}

Result<DocumentFile> stored_url(const SpecInfo& spec, const fetch::Fetcher& fetcher) {
    if (const auto url = fetcher.read_url(spec.source); !url) return std::unexpected(url.error());
    return DocumentFile{
        .path = spec.source, .spec_name = spec.spec_name, .kind = SourceKind::url, .stored = stored_document(spec)};
}

void prepare_refresh(FoundDocuments& found, const RefreshInterval& refresh) {
    for (DocumentFile& file : found.files) {
        if (file.stored && file.stored->refresh != refresh) file.stored.reset();
    }
}

Result<FoundDocuments> find_stored_urls(Engine& engine, std::string_view catalog_id, std::string_view spec_name,
                                        const fetch::Fetcher& fetcher) {
    FoundDocuments found;
    const auto add = [&](const SpecInfo& spec) {
        if (auto file = stored_url(spec, fetcher); !file) {
            found.refused.push_back({spec.source, to_string(file.error()), spec.spec_name});
        } else {
            found.files.push_back(std::move(*file));
        }
    };
    if (spec_name.empty()) {
        const Status listed = each_spec(engine, catalog_id, [&](const SpecInfo& spec) {
            if (spec.source_kind == SourceKind::url) add(spec);
        });
        if (!listed) return std::unexpected(listed.error());
        return found;
    }
    const auto spec = engine.spec(catalog_id, spec_name);
    if (!spec) return std::unexpected(spec.error());
    if (spec->source_kind != SourceKind::url) {
        return fail(ErrorKind::invalid_argument, fmt::format("the spec '{}' did not come from a URL", spec_name),
                    "put it again with `embedq index`");
    }
    add(*spec);
    return found;
}

Status settle_names(Engine& engine, std::string_view catalog_id, FoundDocuments& found) {
    if (found.files.empty()) return {};
    const auto stored = stored_sources(engine, catalog_id);
    if (!stored) return std::unexpected(stored.error());
    std::unordered_map<std::string, std::string> taken;  // names of this run, with their path
    std::vector<std::size_t> unsettled;
    // Files that have a name already come first: a new file must not take it, even if it was listed before them.
    for (std::size_t i = 0; i < found.files.size(); ++i) {
        DocumentFile& file = found.files[i];
        const std::string source = source_of(file);
        const auto plain = stored->source_of.find(file.spec_name);
        const auto known = known_name(*stored, file, source);
        if (!known) {
            unsettled.push_back(i);
            continue;
        }
        if (const auto document = stored->document_of.find(source); document != stored->document_of.end())
            file.stored = document->second;
        if (plain == stored->source_of.end() || plain->second != source) file.spec_name = *known;
        file.is_known = true;
        keep_place(*stored, file);
        taken.emplace(file.spec_name, file.path);
    }
    for (const std::size_t i : unsettled) {
        DocumentFile& file = found.files[i];
        const auto beside = taken.find(file.spec_name);
        const auto before = stored->source_of.find(file.spec_name);
        const bool is_stored = before != stored->source_of.end() && is_another(before->second, file);
        if (beside != taken.end() || is_stored) {
            std::string other = catalog::with_path_suffix(file.spec_name, source_of(file));
            found.notes.push_back(fmt::format("'{}' and '{}' would both be the spec '{}'; the second is stored as '{}'",
                                              beside != taken.end() ? beside->second : before->second, file.path,
                                              file.spec_name, other));
            file.spec_name = std::move(other);
        }
        file.is_known = stored->source_of.contains(file.spec_name);
        taken.emplace(file.spec_name, file.path);
    }
    return {};
}

}  // namespace embedq::cli

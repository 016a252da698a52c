#include "cli/folder_sync.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "cli/store_wait.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;

// Up to so many specs, or this part of a folder's, are removed without a question.
constexpr std::size_t few_specs = 3;
constexpr std::size_t few_of_all = 10;

// Whether the path may still be there, under one that could not be looked into.
bool is_unknown(const WalkedFolder& folder, const std::string& path) {
    return std::ranges::any_of(folder.unknown, [&](const std::string& unknown) {
        return unknown.empty() || path == unknown || path.starts_with(unknown + "/");
    });
}

bool is_there(const GoneSpec& gone) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(fs::path(gone.root) / gone.path, error).type();
    return type != fs::file_type::not_found;
}

// Whether a document was found under the folder, a path under the root.
bool has_documents(const std::set<std::string>& found, const std::string& folder) {
    const auto at = found.lower_bound(folder + "/");
    return at != found.end() && at->starts_with(folder + "/");
}

// Whether something was deleted from the folder, or put into it, since then. A folder on which a file system was
// mounted is as old as it was before.
bool has_changed_since(const fs::path& folder, Time then) {
    std::error_code error;
    const auto changed = fs::last_write_time(folder, error);
    return !error && fs::file_time_type::clock::to_sys(changed) > then;
}

// The folder of the file, or the nearest one above it that is there, if that has no document any more though nothing
// was deleted from it, and is not the root itself. It may have been emptied after it was looked into, too.
std::optional<std::string> empty_folder_of(const GoneSpec& gone, const std::set<std::string>& found) {
    std::error_code error;
    for (fs::path folder = fs::path(gone.path).parent_path(); !folder.empty(); folder = folder.parent_path()) {
        const fs::path there = fs::path(gone.root) / folder;
        if (!fs::is_directory(there, error)) continue;
        const bool empty = !has_documents(found, folder.string()) || fs::is_empty(there, error);
        return empty && !has_changed_since(there, gone.written_at) ? std::optional(there.string()) : std::nullopt;
    }
    return std::nullopt;
}

// Takes out those of folders that may be file systems that are not mounted.
std::vector<KeptSpecs> take_from_empty_folders(std::vector<GoneSpec>& gone, const std::set<std::string>& found) {
    std::map<std::string, std::vector<GoneSpec>> by_folder;
    std::erase_if(gone, [&](const GoneSpec& each) {
        const auto folder = empty_folder_of(each, found);
        if (folder) by_folder[*folder].push_back(each);
        return folder.has_value();
    });
    std::vector<KeptSpecs> kept;
    for (auto& [folder, specs] : by_folder) {
        const std::size_t of = specs.size();
        kept.push_back({.folder = folder, .specs = std::move(specs), .of = of, .why = KeptFor::empty_folder});
    }
    return kept;
}

// It has deleted the spec, or put it again.
bool is_of_another_process(ErrorKind kind) {
    return kind == ErrorKind::not_found || kind == ErrorKind::conflict;
}

}  // namespace

void RemovalHistory::look(const std::string& root, const std::set<std::string>& specs) {
    const auto at = folders_.find(root);
    if (at == folders_.end()) return;
    auto& [removed, kept] = at->second;
    const auto is_there = [&](const std::string& name) { return specs.contains(name); };
    if (!kept.empty() && std::ranges::none_of(kept, is_there)) removed.clear();
    std::erase_if(removed, is_there);
    kept.clear();
}

void RemovalHistory::found_again(std::span<const std::string> spec_names) {
    for (auto& [root, folder] : folders_)
        for (const std::string& name : spec_names) folder.removed.erase(name);
}

void RemovalHistory::kept(std::span<const GoneSpec> specs) {
    for (const GoneSpec& spec : specs) folders_[spec.root].kept.insert(spec.spec_name);
}

std::size_t RemovalHistory::removed_of(const std::string& root) const {
    const auto at = folders_.find(root);
    return at == folders_.end() ? 0 : at->second.removed.size();
}

Result<FolderSync> FolderSync::look(Engine& engine, std::string_view catalog_id, const FoundDocuments& found,
                                    const SyncPolicy& policy) {
    FolderSync sync;
    sync.catalog_id_ = catalog_id;
    sync.policy_ = policy;
    if (found.folders.empty()) return sync;
    std::map<std::string, const WalkedFolder*, std::less<>> walked;
    for (const WalkedFolder& folder : found.folders) walked.emplace(folder.root, &folder);
    std::map<std::string, std::set<std::string>> names;  // of the specs, by root
    for (const WalkedFolder& folder : found.folders) names[folder.root];
    const Status listed = each_spec(engine, catalog_id, [&](const SpecInfo& spec) {
        const auto at = walked.find(spec.record.root);
        if (at == walked.end()) return;
        names[spec.record.root].insert(spec.spec_name);
        const WalkedFolder& there = *at->second;
        Folder& folder = sync.folders_[spec.record.root];
        if (folder.specs == 0) folder.found = there.paths;
        ++folder.specs;
        if (there.paths.contains(spec.record.path) || is_unknown(there, spec.record.path)) return;
        folder.gone.push_back({.spec_name = spec.spec_name,
                               .root = spec.record.root,
                               .path = spec.record.path,
                               .content_hash = spec.content_hash,
                               .version = spec.version(),
                               .written_at = spec.updated_at});
    });
    if (!listed) return std::unexpected(listed.error());
    if (policy.history != nullptr) {
        for (const auto& [root, specs] : names) policy.history->look(root, specs);
    }
    return sync;
}

std::optional<GoneSpec> FolderSync::renamed_from(const DocumentFile& file, const Sha256& content_hash) {
    const auto at = folders_.find(file.root);
    if (at == folders_.end() || !policy_.removes) return std::nullopt;
    std::vector<GoneSpec>& gone = at->second.gone;
    const std::string name = fs::path(file.path_in_root).filename().string();
    const auto same = [&](const GoneSpec& each) { return each.content_hash == content_hash; };
    auto best = std::ranges::find_if(
        gone, [&](const GoneSpec& each) { return same(each) && fs::path(each.path).filename().string() == name; });
    if (best == gone.end()) best = std::ranges::find_if(gone, same);
    if (best == gone.end()) return std::nullopt;
    GoneSpec from = std::move(*best);
    gone.erase(best);
    return from;
}

void FolderSync::found_again(std::span<const std::string> spec_names) {
    const std::set<std::string_view> names(spec_names.begin(), spec_names.end());
    for (auto& [root, folder] : folders_)
        std::erase_if(folder.gone, [&](const GoneSpec& gone) { return names.contains(gone.spec_name); });
    if (policy_.history != nullptr) policy_.history->found_again(spec_names);
}

SyncReport FolderSync::plan() const {
    SyncReport report;
    for (const auto& [root, folder] : folders_) {
        std::vector<GoneSpec> gone = folder.gone;
        if (policy_.removes && !policy_.confirmed && !folder.found.empty())
            std::ranges::move(take_from_empty_folders(gone, folder.found), std::back_inserter(report.kept));
        if (gone.empty()) continue;
        const std::size_t before = policy_.history == nullptr ? 0 : policy_.history->removed_of(root);
        KeptSpecs kept{.folder = root,
                       .specs = std::move(gone),
                       .of = folder.specs,
                       .removed_before = before,
                       .why = KeptFor::policy};
        if (policy_.removes) {
            const std::size_t few = std::max(few_specs, (folder.specs + before) / few_of_all);
            if (policy_.confirmed || (!folder.found.empty() && kept.specs.size() + before <= few)) {
                std::ranges::move(kept.specs, std::back_inserter(report.removed));
                continue;
            }
            kept.why = folder.found.empty() ? KeptFor::empty_folder : KeptFor::many;
        }
        report.kept.push_back(std::move(kept));
    }
    return report;
}

Result<SyncReport> FolderSync::remove(Engine& engine, StoreWait* wait) const {
    SyncReport report = plan();
    std::vector<GoneSpec> removed;
    for (GoneSpec& gone : report.removed) {
        if (is_there(gone)) continue;
        const auto delete_it = [&] { return engine.delete_spec(catalog_id_, gone.spec_name, gone.version); };
        const Status deleted = wait == nullptr ? delete_it() : wait->ask(delete_it);
        if (!deleted && is_of_another_process(deleted.error().kind)) continue;
        if (!deleted) return std::unexpected(deleted.error());
        if (policy_.history != nullptr && !policy_.confirmed) policy_.history->removed(gone);
        removed.push_back(std::move(gone));
    }
    if (policy_.history != nullptr) {
        for (const KeptSpecs& kept : report.kept) policy_.history->kept(kept.specs);
    }
    report.removed = std::move(removed);
    return report;
}

}  // namespace embedq::cli

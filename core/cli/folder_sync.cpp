#include "cli/folder_sync.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

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

// Another process may have put the spec again since.
Result<bool> is_as_it_was(Engine& engine, std::string_view catalog_id, const GoneSpec& gone) {
    const auto spec = engine.spec(catalog_id, gone.spec_name);
    if (!spec && spec.error().kind == ErrorKind::not_found) return false;
    if (!spec) return std::unexpected(spec.error());
    return spec->generation == gone.generation && spec->record.root == gone.root && spec->record.path == gone.path;
}

}  // namespace

Result<FolderSync> FolderSync::look(Engine& engine, std::string_view catalog_id, const FoundDocuments& found,
                                    const SyncPolicy& policy) {
    FolderSync sync;
    sync.catalog_id_ = catalog_id;
    sync.policy_ = policy;
    if (found.folders.empty()) return sync;
    std::map<std::string, const WalkedFolder*, std::less<>> walked;
    for (const WalkedFolder& folder : found.folders) walked.emplace(folder.root, &folder);
    const Status listed = each_spec(engine, catalog_id, [&](const SpecInfo& spec) {
        const auto at = walked.find(spec.record.root);
        if (at == walked.end()) return;
        const WalkedFolder& there = *at->second;
        Folder& folder = sync.folders_[spec.record.root];
        folder.empty = there.paths.empty();
        ++folder.specs;
        if (there.paths.contains(spec.record.path) || is_unknown(there, spec.record.path)) return;
        folder.gone.push_back({.spec_name = spec.spec_name,
                               .root = spec.record.root,
                               .path = spec.record.path,
                               .content_hash = spec.content_hash,
                               .generation = spec.generation});
    });
    if (!listed) return std::unexpected(listed.error());
    return sync;
}

std::string FolderSync::renamed_from(const DocumentFile& file, const Sha256& content_hash) {
    const auto at = folders_.find(file.root);
    if (at == folders_.end() || !policy_.removes) return {};
    std::vector<GoneSpec>& gone = at->second.gone;
    const std::string name = fs::path(file.path_in_root).filename().string();
    const auto same = [&](const GoneSpec& each) { return each.content_hash == content_hash; };
    auto best = std::ranges::find_if(
        gone, [&](const GoneSpec& each) { return same(each) && fs::path(each.path).filename().string() == name; });
    if (best == gone.end()) best = std::ranges::find_if(gone, same);
    if (best == gone.end()) return {};
    std::string from = std::move(best->spec_name);
    gone.erase(best);
    return from;
}

void FolderSync::found_again(std::span<const std::string> spec_names) {
    const std::set<std::string_view> names(spec_names.begin(), spec_names.end());
    for (auto& [root, folder] : folders_)
        std::erase_if(folder.gone, [&](const GoneSpec& gone) { return names.contains(gone.spec_name); });
}

SyncReport FolderSync::plan() const {
    SyncReport report;
    for (const auto& [root, folder] : folders_) {
        if (folder.gone.empty()) continue;
        KeptSpecs kept{.root = root, .specs = folder.gone, .of = folder.specs, .why = KeptFor::policy};
        if (policy_.removes) {
            if (policy_.confirmed ||
                (!folder.empty && folder.gone.size() <= std::max(few_specs, folder.specs / few_of_all))) {
                report.removed.insert(report.removed.end(), folder.gone.begin(), folder.gone.end());
                continue;
            }
            kept.why = folder.empty ? KeptFor::empty_folder : KeptFor::many;
        }
        report.kept.push_back(std::move(kept));
    }
    return report;
}

Result<SyncReport> FolderSync::remove(Engine& engine) const {
    SyncReport report = plan();
    std::vector<GoneSpec> removed;
    for (GoneSpec& gone : report.removed) {
        const auto same = is_as_it_was(engine, catalog_id_, gone);
        if (!same) return std::unexpected(same.error());
        if (!*same || is_there(gone)) continue;
        const Status deleted = engine.delete_spec(catalog_id_, gone.spec_name);
        if (!deleted && deleted.error().kind == ErrorKind::not_found) continue;  // another process was faster
        if (!deleted) return std::unexpected(deleted.error());
        removed.push_back(std::move(gone));
    }
    report.removed = std::move(removed);
    return report;
}

}  // namespace embedq::cli

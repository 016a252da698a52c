// Keeps a catalog in step with its folders, carefully: which specs have no file any more, which file is a renamed one,
// and what may be removed.
//
// A folder without a document may be a file system that is not mounted: what it had needs somebody's word. Below the
// indexed folder this holds for one that is there and in which nothing was deleted since the spec was stored.
//
// Only specs that record a folder are candidates when that folder is walked. A file that is there but was refused keeps
// its spec, and so does whatever may be under a path that could not be looked into.
//
// Thread-safety: an object belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/document_finder.h"
#include "embedq/catalog.h"
#include "embedq/engine.h"
#include "embedq/error.h"

namespace embedq::cli {

class StoreWait;

// A spec whose file is not under its folder any more.
struct GoneSpec {
    std::string spec_name;
    std::string root;
    std::string path;  // under the root
    Sha256 content_hash{};
    SpecVersion version;
    Time written_at{};  // when the spec was stored
};

// What a command that looks again and again has removed since it began, or since somebody confirmed: so few are few for
// all its looks together. Specs whose files are back count no more.
class RemovalHistory {
public:
    // The specs of the folder before a look. If somebody removed what was kept, it begins again.
    void look(const std::string& root, const std::set<std::string>& specs);
    void found_again(std::span<const std::string> spec_names);
    void removed(const GoneSpec& gone) { folders_[gone.root].removed.insert(gone.spec_name); }
    void kept(std::span<const GoneSpec> specs);

    [[nodiscard]] std::size_t removed_of(const std::string& root) const;

private:
    struct Folder {
        std::set<std::string> removed;
        std::set<std::string> kept;
    };

    std::map<std::string, Folder> folders_;  // by root
};

// What may be done without a question.
struct SyncPolicy {
    // False for a store that machines share: each has a copy of the folder, and they need not be alike.
    bool removes = true;
    bool confirmed = false;  // somebody has said that many may be removed
    // Of a command that looks more than once. It must outlive the looks.
    RemovalHistory* history = nullptr;
};

// Why specs without a file are kept.
enum class KeptFor : std::uint8_t { policy, empty_folder, many };

struct KeptSpecs {
    std::string folder;  // the root, or the empty folder under it
    std::vector<GoneSpec> specs;
    std::size_t of = 0;              // how many specs the folder has in the catalog
    std::size_t removed_before = 0;  // as in RemovalHistory
    KeptFor why = KeptFor::policy;
};

struct SyncReport {
    std::vector<GoneSpec> removed;
    std::vector<KeptSpecs> kept;
};

class FolderSync {
public:
    // Reads which specs of the walked folders have no file. To be called before the documents are put.
    [[nodiscard]] static Result<FolderSync> look(Engine& engine, std::string_view catalog_id,
                                                 const FoundDocuments& found, const SyncPolicy& policy);

    // The spec of a gone file of the same folder with the same content, which then is that file's; or nothing. One of
    // the same file name is preferred.
    [[nodiscard]] std::optional<GoneSpec> renamed_from(const DocumentFile& file, const Sha256& content_hash);
    // These specs have a file again: documents took over their names.
    void found_again(std::span<const std::string> spec_names);

    // Somebody has said that many may be removed.
    void confirm() { policy_.confirmed = true; }

    // What `remove` would do.
    [[nodiscard]] SyncReport plan() const;
    // Removes the specs that the policy allows to remove. One that was written since, or whose file is back, stays.
    // A store that does not answer is waited for, if `wait` is given.
    [[nodiscard]] Result<SyncReport> remove(Engine& engine, StoreWait* wait = nullptr) const;

private:
    struct Folder {
        std::vector<GoneSpec> gone;
        std::size_t specs = 0;        // of the catalog that record it
        std::set<std::string> found;  // paths of documents under it
    };

    std::string catalog_id_;
    SyncPolicy policy_;
    std::map<std::string, Folder> folders_;  // by root
};

}  // namespace embedq::cli

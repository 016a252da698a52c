// Catalogs, their targets and profiles.
#include <algorithm>

#include "embedq/support/store_rules.h"
#include "memory/store.h"
#include "memory_store.h"

namespace embedq::memory {
namespace {

void describe(CatalogInfo& info, const CatalogWrite& write) {
    info.name = write.name;
    info.version = write.version;
    info.display_name = write.display_name;
    info.description = write.description;
}

bool has_description(const CatalogInfo& info, const CatalogWrite& write) {
    return info.name == write.name && info.version == write.version && info.display_name == write.display_name &&
           info.description == write.description;
}

CatalogVersion version_of(const CatalogRow& row) {
    CatalogVersion version{.specs = row.specs.size()};
    for (const auto& [name, spec] : row.specs) version.written_at = std::max(version.written_at, spec.info.updated_at);
    return version;
}

}  // namespace

std::unique_ptr<Store> make_store(Context& context) {
    return std::make_unique<MemoryStore>(context);
}

Result<bool> MemoryStore::put_catalog(const CatalogWrite& catalog) {
    if (auto valid = check_catalog_id(catalog.catalog_id); !valid) return std::unexpected(valid.error());
    const sync::Lock lock(mutex_);
    const auto [found, created] = state_.catalogs.try_emplace(catalog.catalog_id);
    CatalogRow& row = found->second;
    if (!created && has_description(row.info, catalog)) return false;
    ++state_.stamp;
    describe(row.info, catalog);
    row.info.updated_at = now();
    if (!created) return false;
    row.info.catalog_id = catalog.catalog_id;
    row.info.created_at = row.info.updated_at;
    state_.note_everything(row);
    return true;
}

Result<std::vector<CatalogInfo>> MemoryStore::catalogs() {
    const sync::Lock lock(mutex_);
    std::vector<CatalogInfo> all;
    all.reserve(state_.catalogs.size());
    for (const auto& [id, row] : state_.catalogs) {
        CatalogInfo& info = all.emplace_back(row.info);
        info.spec_count = row.specs.size();
        info.revision = row.revision;
    }
    return all;
}

Status MemoryStore::delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) {
    const sync::Lock lock(mutex_);
    auto found = state_.catalog(catalog_id);
    if (!found) return std::unexpected(found.error());
    CatalogRow& row = **found;
    if (seen && version_of(row) != *seen) return catalog_written_since(catalog_id);
    ++state_.stamp;
    for (auto& [name, spec] : row.specs) {
        state_.cancel_open(spec, "its catalog was deleted", now());
        state_.set_operations(row, spec, {});
    }
    state_.catalogs.erase(state_.catalogs.find(catalog_id));
    return {};
}

Status MemoryStore::clone_catalog(std::string_view source_id, const CatalogWrite& target) {
    if (auto valid = check_catalog_id(target.catalog_id); !valid) return valid;
    const sync::Lock lock(mutex_);
    auto source = state_.catalog(source_id);
    if (!source) return std::unexpected(source.error());
    if (state_.catalogs.contains(target.catalog_id)) return catalog_exists(target.catalog_id);
    ++state_.stamp;
    const Time at = now();
    CatalogRow& copy = state_.catalogs[target.catalog_id];
    copy.info = (*source)->info;
    copy.info.catalog_id = target.catalog_id;
    copy.info.created_at = copy.info.updated_at = at;
    describe(copy.info, target);
    state_.note_everything(copy);
    for (const auto& [name, original] : (*source)->specs) {
        SpecRow& spec = copy.specs[name];
        spec.info = original.info;
        spec.info.catalog_id = target.catalog_id;
        spec.info.generation = 1;
        spec.info.created_at = spec.info.updated_at = at;
        spec.info.parked_until.reset();
        spec.info.checked_at = at;
        spec.next_check = next_check(spec.info.record, at);
        spec.content = original.content;
        state_.set_operations(copy, spec, original.operations);
        state_.note_change(copy, name, at);
        if (state_.has_gap(copy, spec)) state_.enqueue(copy, spec, JobKind::spec_write, at);
    }
    return {};
}

Result<std::size_t> MemoryStore::set_targets(std::span<const CatalogTarget> targets) {
    const sync::Lock lock(mutex_);
    for (const CatalogTarget& target : targets) {
        if (auto found = state_.catalog(target.catalog_id); !found) return std::unexpected(found.error());
        if (auto valid = check_target(target); !valid) return std::unexpected(valid.error());
    }
    ++state_.stamp;
    std::size_t changed = 0;
    for (const CatalogTarget& target : targets) {
        CatalogRow& row = **state_.catalog(target.catalog_id);
        if (target.profile) state_.profiles[target.profile->id].profile = *target.profile;
        const auto wanted = target.profile ? std::optional(target.profile->id) : std::nullopt;
        if (row.info.provider == target.provider && row.info.target_profile == wanted) continue;
        ++changed;
        row.info.provider = target.provider;
        row.info.target_profile = wanted;
        row.info.updated_at = now();
        for (auto& [name, spec] : row.specs) {
            if (spec.pending)
                state_.move_to(state_.jobs.at(*spec.pending), target.profile ? target.profile->fingerprint : Sha256{});
        }
        if (wanted && !row.info.serving_profile) {
            row.info.serving_profile = wanted;
            state_.note_everything(row);
        }
        state_.flip_if_settled(row, now());
    }
    return changed;
}

Result<Profile> MemoryStore::profile(const Sha256& profile_id) {
    const sync::Lock lock(mutex_);
    const auto found = state_.profiles.find(profile_id);
    if (found == state_.profiles.end()) return no_such_profile();
    return found->second.profile;
}

}  // namespace embedq::memory

// Specs: documents with their operations, written together with their jobs.
#include <algorithm>

#include "embedq/support/store_rules.h"
#include "memory_store.h"

namespace embedq::memory {
namespace {

bool same_document(const SpecInfo& info, const SpecWrite& write) {
    return info.content_hash == write.content_hash && info.text_version == write.text_version &&
           info.source_kind == write.source_kind && info.source == write.source && info.etag == write.etag &&
           info.base_path == write.base_path && info.title == write.title && info.description == write.description &&
           info.record == write.record;
}

void fill_in(SpecInfo& info, const SpecWrite& write, Time at) {
    info.catalog_id = write.catalog_id;
    info.spec_name = write.spec_name;
    info.source_kind = write.source_kind;
    info.source = write.source;
    info.etag = write.etag;
    info.base_path = write.base_path;
    info.title = write.title;
    info.description = write.description;
    info.content_hash = write.content_hash;
    info.text_version = write.text_version;
    info.record = write.record;
    info.updated_at = at;
    info.checked_at = at;
    ++info.generation;
}

// Whether the spec of the old name is given the new one.
bool rename(State& state, CatalogRow& catalog, const SpecWrite& write, Time at) {
    const auto old = catalog.specs.find(write.renamed_from);
    if (old == catalog.specs.end() || catalog.specs.contains(write.spec_name)) return false;
    if (write.renamed_version && old->second.info.version() != *write.renamed_version) return false;
    state.rename(catalog, write.renamed_from, write.spec_name, at);
    return true;
}

PutResult put_one(State& state, const SpecWrite& write, Time at) {
    CatalogRow& catalog = **state.catalog(write.catalog_id);
    const bool renamed = rename(state, catalog, write, at);
    const auto [found, created] = catalog.specs.try_emplace(write.spec_name);
    SpecRow& spec = found->second;
    PutResult result;
    result.outcome = created ? PutOutcome::created : PutOutcome::changed;
    if (!created && !renamed && same_document(spec.info, write)) {
        result.outcome = PutOutcome::unchanged;
    } else {
        fill_in(spec.info, write, at);
        if (created) spec.info.created_at = at;
        spec.content = write.content;
        spec.next_check = next_check(write.record, at);
        spec.failures = 0;
        spec.info.parked_until.reset();
        state.set_operations(catalog, spec, write.operations);
        state.note_change(catalog, write.spec_name, at);
    }
    result.generation = spec.info.generation;
    result.operation_count = spec.operations.size();
    if (!state.has_gap(catalog, spec)) return result;
    // An unchanged document leaves an open job as it is, with its backoff: a running job is about this document, or a
    // pending one behind it is.
    const bool leave_it = result.outcome == PutOutcome::unchanged && (spec.pending || !spec.running.empty());
    result.enqueued = leave_it ? EnqueueOutcome::collapsed : state.enqueue(catalog, spec, JobKind::spec_write, at);
    return result;
}

// When the source is due to be asked, if ever. One without an interval of its own has a `next_check` while it is held.
[[nodiscard]] std::optional<Time> due_time(const SpecRow& spec, std::chrono::milliseconds default_interval) {
    if (spec.info.record.refresh) return spec.next_check;
    if (spec.info.source_kind != SourceKind::url || default_interval.count() == 0) return std::nullopt;
    const Time due_at = spec.info.checked_at.value_or(spec.info.updated_at) + default_interval;
    return spec.next_check ? std::max(*spec.next_check, due_at) : due_at;
}

}  // namespace

Result<std::vector<PutResult>> MemoryStore::put_specs(std::span<const SpecWrite> specs) {
    const sync::Lock lock(mutex_);
    for (const SpecWrite& write : specs) {
        if (auto valid = check_spec_write(write); !valid) return std::unexpected(valid.error());
        if (auto found = state_.catalog(write.catalog_id); !found) return std::unexpected(found.error());
    }
    ++state_.stamp;
    std::vector<PutResult> results;
    results.reserve(specs.size());
    for (const SpecWrite& write : specs) results.push_back(put_one(state_, write, now()));
    return results;
}

Result<std::vector<SpecInfo>> MemoryStore::specs(std::string_view catalog_id, std::string_view after,
                                                 std::size_t limit) {
    const sync::Lock lock(mutex_);
    auto catalog = state_.catalog(catalog_id);
    if (!catalog) return std::unexpected(catalog.error());
    const auto& rows = (*catalog)->specs;
    std::vector<SpecInfo> page;
    for (auto row = rows.upper_bound(after); row != rows.end() && page.size() < limit; ++row)
        page.push_back(row->second.info);
    return page;
}

Result<SpecInfo> MemoryStore::spec(std::string_view catalog_id, std::string_view spec_name) {
    const sync::Lock lock(mutex_);
    auto found = state_.spec(catalog_id, spec_name);
    if (!found) return std::unexpected(found.error());
    return (*found)->info;
}

Result<std::string> MemoryStore::spec_content(std::string_view catalog_id, std::string_view spec_name) {
    const sync::Lock lock(mutex_);
    auto found = state_.spec(catalog_id, spec_name);
    if (!found) return std::unexpected(found.error());
    return (*found)->content;
}

Status MemoryStore::delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                std::optional<SpecVersion> seen) {
    const sync::Lock lock(mutex_);
    auto found = state_.spec(catalog_id, spec_name);
    if (!found) return std::unexpected(found.error());
    if (seen && (*found)->info.version() != *seen) return spec_written_since(catalog_id, spec_name);
    ++state_.stamp;
    CatalogRow& catalog = **state_.catalog(catalog_id);
    SpecRow& spec = **found;
    state_.cancel_open(spec, "its spec was deleted", now());
    state_.set_operations(catalog, spec, {});
    state_.note_change(catalog, spec_name, now());
    catalog.specs.erase(catalog.specs.find(spec_name));
    // The rest of the catalog may be settled.
    state_.flip_if_settled(catalog, now());
    return {};
}

Result<std::vector<SpecInfo>> MemoryStore::due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                         std::chrono::milliseconds default_interval) {
    const sync::Lock lock(mutex_);
    const Time at = now();
    std::vector<std::pair<Time, SpecRow*>> due;
    for (auto& [id, catalog] : state_.catalogs) {
        for (auto& [name, spec] : catalog.specs) {
            if (const auto due_at = due_time(spec, default_interval); due_at && *due_at <= at)
                due.emplace_back(*due_at, &spec);
        }
    }
    std::ranges::stable_sort(due, {}, [](const auto& entry) { return entry.first; });
    due.resize(std::min(due.size(), limit));
    if (!due.empty()) ++state_.stamp;
    std::vector<SpecInfo> infos;
    for (const auto& [due_at, spec] : due) {
        spec->next_check = at + hold;
        infos.push_back(spec->info);
    }
    return infos;
}

Status MemoryStore::checked(std::span<const SpecRef> specs) {
    const sync::Lock lock(mutex_);
    ++state_.stamp;
    for (const SpecRef& ref : specs) {
        const auto found = state_.spec(ref.catalog_id, ref.spec_name);
        if (!found) continue;
        SpecRow& spec = **found;
        spec.info.checked_at = now();
        spec.next_check = next_check(spec.info.record, now());
    }
    return {};
}

}  // namespace embedq::memory

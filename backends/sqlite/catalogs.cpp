// Catalogs, their targets and profiles; the change feed; what is settled.
#include "catalogs.h"

#include <algorithm>

#include "embedq/support/store_rules.h"
#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

[[nodiscard]] CatalogRow catalog_of_row(const Run& row, std::string_view catalog_id) {
    return {.catalog = row.integer(0),
            .catalog_id = std::string(catalog_id),
            .provider = row.text(1),
            .target = row.maybe(2),
            .serving = row.maybe(3),
            .revision = static_cast<std::uint64_t>(row.integer(4)),
            .feed_floor = static_cast<std::uint64_t>(row.integer(5))};
}

[[nodiscard]] SpecRow spec_of_row(const Run& row) {
    return {.spec = row.integer(0),
            .spec_name = row.text(1),
            .operation_count = static_cast<std::size_t>(row.integer(2)),
            .force_from = row.maybe(3),
            .jobs_after = row.integer(4),
            .left_out = static_cast<std::size_t>(row.integer(5))};
}

[[nodiscard]] std::int64_t insert_catalog(Connection& connection, const CatalogWrite& write, std::int64_t now) {
    change(connection, sql::insert_catalog, write.catalog_id, write.name, write.version, write.display_name,
           write.description, now);
    const std::int64_t catalog = connection.last_id();
    note_everything(connection, catalog, now);
    return catalog;
}

[[nodiscard]] std::int64_t put_fingerprint(Connection& connection, const Sha256& hash) {
    if (const auto known = find_fingerprint(connection, hash)) return *known;
    change(connection, sql::insert_fingerprint, hash);
    return connection.last_id();
}

[[nodiscard]] std::int64_t put_profile(Connection& connection, const Profile& profile) {
    const std::int64_t fingerprint = put_fingerprint(connection, profile.fingerprint);
    change(connection, sql::put_profile, profile.id, fingerprint, profile.epoch, profile.plugin, profile.model,
           profile.model_digest, profile.dimension, profile.document_prefix, profile.query_prefix, profile.text_version,
           profile.max_text_bytes, profile.semantic_weight);
    const std::int64_t key = *value_of(connection, sql::profile_of_id, profile.id);
    change(connection, sql::clear_profile_options, key);
    std::int64_t position = 0;
    for (const auto& [name, value] : profile.public_options) {
        change(connection, sql::insert_profile_option, key, position++, name, value);
    }
    return key;
}

void set_serving(Connection& connection, CatalogRow& catalog, std::int64_t now) {
    catalog.serving = catalog.target;
    change(connection, sql::set_serving, catalog.catalog, catalog.serving, now);
    note_everything(connection, catalog.catalog, now);
}

// Returns whether the catalog's provider or target changed.
[[nodiscard]] bool set_target(Connection& connection, CatalogRow& catalog, const CatalogTarget& target, GapHints& hints,
                              std::int64_t now) {
    const auto wanted = target.profile ? std::optional(put_profile(connection, *target.profile)) : std::nullopt;
    if (catalog.provider == target.provider && catalog.target == wanted) return false;
    catalog.target = wanted;
    change(connection, sql::set_target, catalog.catalog, target.provider, wanted, now);
    const auto fingerprint = wanted ? value_of(connection, sql::fingerprint_of_profile, *wanted) : std::nullopt;
    change(connection, sql::move_pending, catalog.catalog_id, fingerprint);
    if (wanted && !catalog.serving) set_serving(connection, catalog, now);
    flip_if_settled(connection, catalog, hints, now);
    return true;
}

[[nodiscard]] Status check_targets(Connection& connection, std::span<const CatalogTarget> targets) {
    for (const CatalogTarget& target : targets) {
        if (auto found = find_catalog(connection, target.catalog_id); !found) return std::unexpected(found.error());
        if (auto valid = check_target(target); !valid) return valid;
    }
    return {};
}

[[nodiscard]] CatalogVersion version_of(Connection& connection, const CatalogRow& catalog) {
    Run row(connection, sql::catalog_version, catalog.catalog);
    if (!row.next()) return {};
    return {.specs = static_cast<std::size_t>(row.integer(0)), .written_at = row.time(1)};
}

void cancel_all(Connection& connection, std::string_view catalog_id, std::string_view reason, std::int64_t now) {
    std::vector<JobId> open;
    {
        Run rows(connection, sql::open_jobs_of_catalog, catalog_id);
        while (rows.next()) open.push_back(rows.integer(0));
    }
    for (const JobId id : open) {
        set_last_error(connection, id, reason);
        cancel_job(connection, id, now);
    }
}

}  // namespace

Result<CatalogRow> find_catalog(Connection& connection, std::string_view catalog_id) {
    Run row(connection, sql::catalog_row, catalog_id);
    if (row.next()) return catalog_of_row(row, catalog_id);
    return no_such_catalog(catalog_id);
}

Result<std::vector<CatalogRow>> find_catalogs(Connection& connection, std::string_view catalog_id) {
    std::vector<CatalogRow> rows;
    if (!catalog_id.empty()) {
        auto one = find_catalog(connection, catalog_id);
        if (!one) return std::unexpected(one.error());
        rows.push_back(std::move(*one));
        return rows;
    }
    Run row(connection, sql::catalog_keys);
    while (row.next()) {
        rows.push_back(
            {.catalog = row.integer(0), .catalog_id = row.text(1), .target = row.maybe(2), .serving = row.maybe(3)});
    }
    return rows;
}

Result<SpecRow> find_spec(Connection& connection, const CatalogRow& catalog, std::string_view spec_name) {
    Run row(connection, sql::spec_key, catalog.catalog, spec_name);
    if (row.next()) return spec_of_row(row);
    return no_such_spec(catalog.catalog_id, spec_name);
}

std::vector<SpecRow> find_specs(Connection& connection, const CatalogRow& catalog, std::span<const std::string> names) {
    std::vector<SpecRow> specs;
    if (names.empty()) {
        Run row(connection, sql::spec_keys, catalog.catalog);
        while (row.next()) specs.push_back(spec_of_row(row));
        return specs;
    }
    std::vector<std::string_view> ordered(names.begin(), names.end());
    std::ranges::sort(ordered);
    const auto repeated = std::ranges::unique(ordered);
    ordered.erase(repeated.begin(), repeated.end());
    for (const std::string_view name : ordered) {
        Run row(connection, sql::spec_key, catalog.catalog, name);
        if (row.next()) specs.push_back(spec_of_row(row));
    }
    return specs;
}

std::optional<std::int64_t> find_fingerprint(Connection& connection, const Sha256& hash) {
    return value_of(connection, sql::fingerprint_of_hash, hash);
}

void note_change(Connection& connection, std::int64_t catalog, std::string_view spec_name, std::int64_t now) {
    change(connection, sql::insert_change, catalog, spec_name, now);
    change(connection, sql::set_revision, catalog, connection.last_id());
}

void note_everything(Connection& connection, std::int64_t catalog, std::int64_t now) {
    change(connection, sql::insert_change, catalog, "", now);
    const std::int64_t revision = connection.last_id();
    change(connection, sql::clear_changes, catalog);
    change(connection, sql::set_revision_and_floor, catalog, revision);
}

bool has_gap(Connection& connection, const CatalogRow& catalog, std::int64_t spec) {
    return catalog.target && value_of(connection, sql::has_gap, spec, catalog.target).has_value();
}

// Most calls come while the catalog is still being embedded, when the gap that was found last nearly always still
// exists.
bool may_flip(Connection& connection, const CatalogRow& catalog, GapHints& hints) {
    if (!catalog.target || catalog.serving == catalog.target) return false;
    std::string& hint = hints[catalog.catalog];
    for (const bool from_the_start : {false, true}) {
        if (from_the_start && hint.empty()) break;
        const std::string from = from_the_start ? std::string() : hint;
        Run gap(connection, sql::first_gap, catalog.catalog, catalog.target, from);
        if (gap.next()) {
            hint = gap.text(0);
            return false;
        }
    }
    hints.erase(catalog.catalog);
    return true;
}

bool flip_if_settled(Connection& connection, CatalogRow& catalog, GapHints& hints, std::int64_t now) {
    if (!may_flip(connection, catalog, hints)) return false;
    set_serving(connection, catalog, now);
    return true;
}

Result<bool> SqliteStore::put_catalog(const CatalogWrite& catalog) {
    if (auto valid = check_catalog_id(catalog.catalog_id); !valid) return std::unexpected(valid.error());
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<bool> {
        std::optional<std::int64_t> known;
        {
            Run row(connection, sql::catalog_row, catalog.catalog_id);
            if (row.next()) {
                known = row.integer(0);
                const bool same = row.view(6) == catalog.name && row.view(7) == catalog.version &&
                                  row.view(8) == catalog.display_name && row.view(9) == catalog.description;
                if (same) return false;
            }
        }
        if (!known) {
            (void)insert_catalog(connection, catalog, now);
            return true;
        }
        change(connection, sql::describe_catalog, *known, catalog.name, catalog.version, catalog.display_name,
               catalog.description, now);
        return false;
    });
}

Result<std::vector<CatalogInfo>> SqliteStore::catalogs() {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::vector<CatalogInfo>> {
        std::vector<CatalogInfo> all;
        Run row(connection, sql::catalog_list);
        while (row.next()) {
            all.push_back({.catalog_id = row.text(0),
                           .name = row.text(1),
                           .version = row.text(2),
                           .display_name = row.text(3),
                           .description = row.text(4),
                           .provider = row.text(5),
                           .target_profile = row.null(6) ? std::nullopt : std::optional(row.hash(6)),
                           .serving_profile = row.null(7) ? std::nullopt : std::optional(row.hash(7)),
                           .spec_count = static_cast<std::size_t>(row.integer(8)),
                           .revision = connections_.revision(connection, row.integer(9)),
                           .created_at = row.time(10),
                           .updated_at = row.time(11)});
        }
        return all;
    });
}

Status SqliteStore::delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Status {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        if (seen && version_of(connection, *catalog) != *seen) return catalog_written_since(catalog_id);
        cancel_all(connection, catalog_id, "its catalog was deleted", now);
        change(connection, sql::delete_catalog, catalog->catalog);
        gap_hints_.erase(catalog->catalog);
        return {};
    });
}

Status SqliteStore::clone_catalog(std::string_view source_id, const CatalogWrite& target) {
    if (auto valid = check_catalog_id(target.catalog_id); !valid) return valid;
    return connections_.write([&](Connection& connection, std::int64_t now) -> Status {
        auto source = find_catalog(connection, source_id);
        if (!source) return std::unexpected(source.error());
        if (find_catalog(connection, target.catalog_id)) return catalog_exists(target.catalog_id);
        const std::int64_t copy = insert_catalog(connection, target, now);
        change(connection, sql::clone_target, source->catalog, copy);
        change(connection, sql::clone_specs, source->catalog, copy, now);
        change(connection, sql::clone_documents, source->catalog, copy);
        change(connection, sql::clone_operations, source->catalog, copy);
        auto cloned = find_catalog(connection, target.catalog_id);
        if (!cloned) return std::unexpected(cloned.error());
        for (const SpecRow& spec : find_specs(connection, *cloned, {})) {
            note_change(connection, copy, spec.spec_name, now);
            if (has_gap(connection, *cloned, spec.spec)) {
                enqueue_job(connection, *cloned, spec.spec_name, JobKind::spec_write, now);
            }
        }
        return {};
    });
}

Result<std::size_t> SqliteStore::set_targets(std::span<const CatalogTarget> targets) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::size_t> {
        if (auto valid = check_targets(connection, targets); !valid) return std::unexpected(valid.error());
        std::size_t changed = 0;
        for (const CatalogTarget& target : targets) {
            auto catalog = find_catalog(connection, target.catalog_id);
            if (!catalog) return std::unexpected(catalog.error());
            if (set_target(connection, *catalog, target, gap_hints_, now)) ++changed;
        }
        return changed;
    });
}

Result<Profile> SqliteStore::profile(const Sha256& profile_id) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<Profile> {
        Run row(connection, sql::profile_row, profile_id);
        if (!row.next()) return no_such_profile();
        Profile profile{.id = row.hash(1),
                        .fingerprint = row.hash(2),
                        .epoch = static_cast<std::uint32_t>(row.integer(3)),
                        .plugin = row.text(4),
                        .model = row.text(5),
                        .model_digest = row.text(6),
                        .dimension = static_cast<std::size_t>(row.integer(7)),
                        .document_prefix = row.text(8),
                        .query_prefix = row.text(9),
                        .text_version = static_cast<std::uint32_t>(row.integer(10)),
                        .max_text_bytes = static_cast<std::size_t>(row.integer(11)),
                        .semantic_weight = row.number(12),
                        .public_options = {}};
        Run option(connection, sql::profile_options, row.integer(0));
        while (option.next()) profile.public_options.emplace_back(option.text(0), option.text(1));
        return profile;
    });
}

}  // namespace embedq::sqlite

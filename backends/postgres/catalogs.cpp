// Catalogs, their targets and profiles, and the change feed (sql/catalogs.sql).
#include "embedq/support/store_rules.h"
#include "store.h"
#include "sync/mutex.h"

namespace embedq::postgres {
namespace {

[[nodiscard]] Parameters describe(const CatalogWrite& catalog) {
    Parameters parameters;
    parameters.add(catalog.catalog_id)
        .add(catalog.name)
        .add(catalog.version)
        .add(catalog.display_name)
        .add(catalog.description);
    return parameters;
}

[[nodiscard]] std::optional<Sha256> maybe_hash(const Rows& rows, std::size_t row, int column) {
    if (rows.null(row, column)) return std::nullopt;
    return rows.hash(row, column);
}

[[nodiscard]] std::int64_t put_profile(Connection& connection, const Profile& profile) {
    Array names;
    Array values;
    for (const auto& [name, value] : profile.public_options) {
        names.add(name);
        values.add(value);
    }
    Parameters parameters;
    parameters.add(profile.id)
        .add(profile.fingerprint)
        .add(std::int64_t{profile.epoch})
        .add(profile.plugin)
        .add(profile.model)
        .add(profile.model_digest)
        .add(static_cast<std::int64_t>(profile.dimension))
        .add(profile.document_prefix)
        .add(profile.query_prefix)
        .add(std::int64_t{profile.text_version})
        .add(static_cast<std::int64_t>(profile.max_text_bytes))
        .add(profile.semantic_weight)
        .add(std::move(names))
        .add(std::move(values));
    return connection.call("put_profile", parameters).integer(0, 0);
}

}  // namespace

Result<bool> PostgresStore::put_catalog(const CatalogWrite& catalog) {
    if (auto valid = check_catalog_id(catalog.catalog_id); !valid) return std::unexpected(valid.error());
    return pool_.call("put_catalog", describe(catalog), [](const Rows& rows) { return rows.boolean(0, 0); });
}

Result<std::vector<CatalogInfo>> PostgresStore::catalogs() {
    return pool_.call("list_catalogs", {}, [](const Rows& rows) {
        std::vector<CatalogInfo> all;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            all.push_back({.catalog_id = rows.text(i, 0),
                           .name = rows.text(i, 1),
                           .version = rows.text(i, 2),
                           .display_name = rows.text(i, 3),
                           .description = rows.text(i, 4),
                           .provider = rows.text(i, 5),
                           .target_profile = maybe_hash(rows, i, 6),
                           .serving_profile = maybe_hash(rows, i, 7),
                           .spec_count = rows.count(i, 8),
                           .revision = static_cast<std::uint64_t>(rows.integer(i, 9)),
                           .created_at = rows.time(i, 10),
                           .updated_at = rows.time(i, 11)});
        }
        return all;
    });
}

Status PostgresStore::delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) {
    Parameters parameters;
    parameters.add(catalog_id);
    if (seen) {
        parameters.add(static_cast<std::int64_t>(seen->specs)).add(to_us(seen->written_at));
    } else {
        parameters.add_null().add_null();
    }
    return pool_.call("delete_catalog", parameters, [](const Rows&) {});
}

Status PostgresStore::clone_catalog(std::string_view source_id, const CatalogWrite& target) {
    if (auto valid = check_catalog_id(target.catalog_id); !valid) return valid;
    Parameters parameters;
    parameters.add(source_id)
        .add(target.catalog_id)
        .add(target.name)
        .add(target.version)
        .add(target.display_name)
        .add(target.description);
    return pool_.call("clone_catalog", parameters, [](const Rows&) {});
}

Result<std::size_t> PostgresStore::set_targets(std::span<const CatalogTarget> targets) {
    auto set = pool_.transaction([&](Connection& connection) -> Result<std::size_t> {
        for (const CatalogTarget& target : targets) {
            connection.call("catalog_named", Parameters().add(target.catalog_id));
            if (auto valid = check_target(target); !valid) return std::unexpected(valid.error());
        }
        std::size_t changed = 0;
        for (const CatalogTarget& target : targets) {
            Parameters parameters;
            parameters.add(target.catalog_id).add(target.provider);
            if (target.profile) {
                parameters.add(put_profile(connection, *target.profile));
            } else {
                parameters.add_null();
            }
            if (connection.call("set_target", parameters).boolean(0, 0)) ++changed;
        }
        return changed;
    });
    // Jobs that moved may be due before the place where the next claim would begin.
    const sync::Lock lock(mutex_);
    cursors_.clear();
    return set;
}

Result<Profile> PostgresStore::profile(const Sha256& profile_id) {
    return pool_.call("get_profile", Parameters().add(profile_id), [](const Rows& rows) {
        Profile profile{.id = rows.hash(0, 1),
                        .fingerprint = rows.hash(0, 2),
                        .epoch = static_cast<std::uint32_t>(rows.integer(0, 3)),
                        .plugin = rows.text(0, 4),
                        .model = rows.text(0, 5),
                        .model_digest = rows.text(0, 6),
                        .dimension = rows.count(0, 7),
                        .document_prefix = rows.text(0, 8),
                        .query_prefix = rows.text(0, 9),
                        .text_version = static_cast<std::uint32_t>(rows.integer(0, 10)),
                        .max_text_bytes = rows.count(0, 11),
                        .semantic_weight = rows.number(0, 12),
                        .public_options = {}};
        const auto names = rows.texts(0, 13);
        const auto values = rows.texts(0, 14);
        for (std::size_t i = 0; i < names.size(); ++i) profile.public_options.emplace_back(names[i], values.at(i));
        return profile;
    });
}

Result<std::uint64_t> PostgresStore::revision(std::string_view catalog_id) {
    return pool_.call("revision", Parameters().add(catalog_id),
                      [](const Rows& rows) { return static_cast<std::uint64_t>(rows.integer(0, 0)); });
}

Result<Changes> PostgresStore::changes(std::string_view catalog_id, std::uint64_t since_revision) {
    const auto since = static_cast<std::int64_t>(std::min<std::uint64_t>(since_revision, INT64_MAX));
    return pool_.call("changes_since", Parameters().add(catalog_id).add(since), [](const Rows& rows) {
        Changes changes;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows.null(i, 0)) {
                changes.revision = static_cast<std::uint64_t>(rows.integer(i, 1));
                changes.everything = rows.boolean(i, 2);
            } else {
                changes.specs.push_back(rows.text(i, 0));
            }
        }
        return changes;
    });
}

}  // namespace embedq::postgres

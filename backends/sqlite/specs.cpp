// Specs: documents with their operations, written together with their jobs.
#include <algorithm>
#include <map>
#include <set>

#include "catalogs.h"
#include "documents/documents.h"
#include "embedq/support/store_rules.h"
#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

using Compressed = std::vector<std::byte>;

[[nodiscard]] SpecInfo info_of_row(const Run& row, std::string_view catalog_id) {
    return {.catalog_id = std::string(catalog_id),
            .spec_name = row.text(0),
            .source_kind = static_cast<SourceKind>(row.integer(1)),
            .source = row.text(2),
            .etag = row.text(3),
            .base_path = row.text(4),
            .title = row.text(5),
            .description = row.text(6),
            .content_hash = row.hash(7),
            .text_version = static_cast<std::uint32_t>(row.integer(8)),
            .generation = static_cast<std::uint64_t>(row.integer(9)),
            .operation_count = static_cast<std::size_t>(row.integer(10)),
            .created_at = row.time(11),
            .updated_at = row.time(12),
            .parked_until = row.maybe_time(13),
            .record = {.root = row.text(14),
                       .path = row.text(15),
                       .notes = documents::split_notes(row.view(16)),
                       .operations_left_out = static_cast<std::uint64_t>(row.integer(17)),
                       .refresh = refresh_from(row.integer(18))},
            .checked_at = row.maybe_time(19)};
}

[[nodiscard]] std::optional<SpecInfo> find_info(Connection& connection, const CatalogRow& catalog,
                                                std::string_view spec_name) {
    Run row(connection, sql::spec_info, catalog.catalog, spec_name);
    if (!row.next()) return std::nullopt;
    return info_of_row(row, catalog.catalog_id);
}

[[nodiscard]] bool same_document(const SpecInfo& info, const SpecWrite& write) {
    return info.content_hash == write.content_hash && info.text_version == write.text_version &&
           info.source_kind == write.source_kind && info.source == write.source && info.etag == write.etag &&
           info.base_path == write.base_path && info.title == write.title && info.description == write.description &&
           info.record == write.record;
}

[[nodiscard]] std::int64_t put_text(Connection& connection, const Operation& operation) {
    std::optional<std::int64_t> bare;
    {
        Run row(connection, sql::text_with_content, operation.text_hash);
        if (row.next()) {
            if (row.integer(1) == 0) return row.integer(0);
            bare = row.integer(0);
        }
    }
    if (bare) {
        change(connection, sql::fill_in_text, *bare, operation.text);
        return *bare;
    }
    change(connection, sql::insert_text, operation.text_hash, operation.text);
    return connection.last_id();
}

void put_operations(Connection& connection, std::int64_t spec, std::span<const Operation> operations) {
    std::int64_t position = 0;
    for (const Operation& operation : operations) {
        const std::string tags = documents::join_tags(operation.tags);
        change(connection, sql::insert_operation, spec, position++, put_text(connection, operation),
               operation.operation_id, operation.method, operation.path, operation.summary, tags, operation.cut_bytes);
    }
}

// Writes of one call share what they look up.
class Putter {
public:
    Putter(Connection& connection, std::int64_t now) : connection_(connection), now_(now) {}

    [[nodiscard]] Result<PutResult> put(const SpecWrite& write, const Compressed& prepared) {
        auto found = catalog(write.catalog_id);
        if (!found) return std::unexpected(found.error());
        const CatalogRow& owner = **found;
        const bool renamed = rename(owner, write);
        const auto before = find_info(connection_, owner, write.spec_name);
        const bool unchanged = before && !renamed && same_document(*before, write);
        if (!unchanged) store(owner, write, before.has_value(), prepared);
        auto spec = find_spec(connection_, owner, write.spec_name);
        if (!spec) return std::unexpected(spec.error());
        PutResult result;
        result.outcome = unchanged ? PutOutcome::unchanged : before ? PutOutcome::changed : PutOutcome::created;
        result.generation = (before ? before->generation : 0) + (unchanged ? 0 : 1);
        result.operation_count = spec->operation_count;
        if (!has_gap(connection_, owner, spec->spec)) return result;
        // An unchanged document leaves an open job as it is, with its backoff: a running job is about this document, or
        // a pending one behind it is.
        const bool leave_it = unchanged && has_open(connection_, write.catalog_id, write.spec_name);
        result.enqueued = leave_it ? EnqueueOutcome::collapsed
                                   : enqueue_job(connection_, owner, write.spec_name, JobKind::spec_write, now_);
        return result;
    }

private:
    [[nodiscard]] Result<const CatalogRow*> catalog(const std::string& catalog_id) {
        const auto known = catalogs_.find(catalog_id);
        if (known != catalogs_.end()) return &known->second;
        auto found = find_catalog(connection_, catalog_id);
        if (!found) return std::unexpected(found.error());
        return &catalogs_.emplace(catalog_id, std::move(*found)).first->second;
    }

    // Whether the spec of the old name is given the new one.
    [[nodiscard]] bool rename(const CatalogRow& owner, const SpecWrite& write) {
        if (write.renamed_from.empty() || find_spec(connection_, owner, write.spec_name)) return false;
        const auto old = find_info(connection_, owner, write.renamed_from);
        if (!old || (write.renamed_version && old->version() != *write.renamed_version)) return false;
        const bool open = has_open(connection_, write.catalog_id, write.renamed_from);
        change(connection_, sql::rename_spec, owner.catalog, write.catalog_id, write.renamed_from, write.spec_name,
               open);
        change(connection_, sql::rename_jobs, write.catalog_id, write.renamed_from, write.spec_name);
        note_change(connection_, owner.catalog, write.renamed_from, now_);
        return true;
    }

    void record(std::int64_t spec, const SpecRecord& record) {
        const auto next = next_check(record, Time(std::chrono::microseconds(now_)));
        change(connection_, sql::set_record, spec, record.root, record.path, documents::join_notes(record.notes),
               record.operations_left_out, stored_refresh(record), now_,
               next.transform([](Time time) { return time.time_since_epoch().count(); }));
    }

    void store(const CatalogRow& owner, const SpecWrite& write, bool existed, const Compressed& prepared) {
        const auto kind = static_cast<int>(write.source_kind);
        std::int64_t spec = 0;
        if (existed) {
            spec = *value_of(connection_, sql::spec_key, owner.catalog, write.spec_name);
            change(connection_, sql::update_spec, spec, kind, write.source, write.etag, write.base_path, write.title,
                   write.description, write.content_hash, write.text_version, write.operations.size(), now_);
            change(connection_, sql::delete_operations, spec);
        } else {
            change(connection_, sql::insert_spec, owner.catalog, write.spec_name, kind, write.source, write.etag,
                   write.base_path, write.title, write.description, write.content_hash, write.text_version,
                   write.operations.size(), now_);
            spec = connection_.last_id();
        }
        record(spec, write.record);
        // Not compressed yet if another process changed the spec after this call chose which documents to compress.
        const Compressed late = prepared.empty() ? documents::Compressor().compress(write.content) : Compressed();
        change(connection_, sql::put_document, spec, write.content.size(),
               std::span<const std::byte>(prepared.empty() ? late : prepared));
        put_operations(connection_, spec, write.operations);
        note_change(connection_, owner.catalog, write.spec_name, now_);
    }

    Connection& connection_;
    std::int64_t now_;
    std::map<std::string, CatalogRow> catalogs_;
};

[[nodiscard]] Result<std::vector<bool>> find_changed(Connection& connection, std::span<const SpecWrite> specs) {
    std::vector<bool> changed;
    changed.reserve(specs.size());
    for (const SpecWrite& write : specs) {
        auto catalog = find_catalog(connection, write.catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        const auto before = find_info(connection, *catalog, write.spec_name);
        changed.push_back(!before || !same_document(*before, write));
    }
    return changed;
}

}  // namespace

Result<std::vector<PutResult>> SqliteStore::put_specs(std::span<const SpecWrite> specs) {
    for (const SpecWrite& write : specs) {
        if (auto valid = check_spec_write(write); !valid) return std::unexpected(valid.error());
    }
    // Compressing takes longer than everything else here, so it is done before the write lock is taken, and only for
    // what will be stored.
    auto changed =
        connections_.read([&](Connection& connection, std::int64_t) { return find_changed(connection, specs); });
    if (!changed) return std::unexpected(changed.error());
    std::vector<Compressed> compressed(specs.size());
    documents::Compressor compressor;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if ((*changed)[i]) compressed[i] = compressor.compress(specs[i].content);
    }
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::vector<PutResult>> {
        Putter putter(connection, now);
        std::vector<PutResult> results;
        results.reserve(specs.size());
        for (std::size_t i = 0; i < specs.size(); ++i) {
            auto result = putter.put(specs[i], compressed[i]);
            if (!result) return std::unexpected(result.error());
            results.push_back(*result);
        }
        return results;
    });
}

Result<std::vector<SpecInfo>> SqliteStore::specs(std::string_view catalog_id, std::string_view after,
                                                 std::size_t limit) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::vector<SpecInfo>> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        std::vector<SpecInfo> page;
        Run row(connection, sql::spec_page, catalog->catalog, after, limit_of(limit));
        while (row.next()) page.push_back(info_of_row(row, catalog_id));
        return page;
    });
}

Result<SpecInfo> SqliteStore::spec(std::string_view catalog_id, std::string_view spec_name) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<SpecInfo> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        if (auto info = find_info(connection, *catalog, spec_name)) return *info;
        return std::unexpected(find_spec(connection, *catalog, spec_name).error());
    });
}

Result<std::string> SqliteStore::spec_content(std::string_view catalog_id, std::string_view spec_name) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::string> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        auto spec = find_spec(connection, *catalog, spec_name);
        if (!spec) return std::unexpected(spec.error());
        Run row(connection, sql::document, spec->spec);
        if (!row.next()) {
            return fail(ErrorKind::internal,
                        "the document of spec '" + std::string(spec_name) + "' is missing from the file",
                        "put it again");
        }
        return documents::decompress(row.blob(1), static_cast<std::size_t>(row.integer(0)));
    });
}

Status SqliteStore::delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                std::optional<SpecVersion> seen) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Status {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        auto spec = find_spec(connection, *catalog, spec_name);
        if (!spec) return std::unexpected(spec.error());
        if (const auto now_there = find_info(connection, *catalog, spec_name);
            seen && now_there && now_there->version() != *seen)
            return spec_written_since(catalog_id, spec_name);
        std::vector<JobId> open;
        {
            Run row(connection, sql::open_jobs_of_spec, catalog_id, spec_name);
            while (row.next()) open.push_back(row.integer(0));
        }
        for (const JobId id : open) {
            set_last_error(connection, id, "its spec was deleted");
            cancel_job(connection, id, now);
        }
        change(connection, sql::delete_spec, spec->spec);
        note_change(connection, catalog->catalog, spec_name, now);
        return {};
    });
}

namespace {

struct DueSpec {
    std::int64_t spec = 0;
    std::string catalog_id;
    std::int64_t due_at = 0;
};

}  // namespace

Result<std::vector<SpecInfo>> SqliteStore::due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                         std::chrono::milliseconds default_interval) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::vector<SpecInfo>> {
        std::vector<DueSpec> due;
        const auto add = [&due](Run row) {
            while (row.next()) due.push_back({row.integer(0), row.text(1), row.integer(2)});
        };
        const std::int64_t interval = std::chrono::microseconds(default_interval).count();
        add(Run(connection, sql::specs_to_check, now, limit_of(limit), interval));
        if (interval > 0) add(Run(connection, sql::specs_by_default, now - interval, limit_of(limit), interval));
        std::ranges::stable_sort(due, {}, &DueSpec::due_at);
        if (due.size() > limit) due.erase(due.begin() + static_cast<std::ptrdiff_t>(limit), due.end());
        std::vector<SpecInfo> infos;
        for (const auto& [spec, catalog_id, due_at] : due) {
            change(connection, sql::put_off_check, spec, now + std::chrono::microseconds(hold).count());
            Run row(connection, sql::spec_of_key, spec);
            if (row.next()) infos.push_back(info_of_row(row, catalog_id));
        }
        return infos;
    });
}

Status SqliteStore::checked(std::span<const SpecRef> specs) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Status {
        for (const SpecRef& ref : specs) {
            const auto catalog = find_catalog(connection, ref.catalog_id);
            if (!catalog) continue;
            const auto spec = find_spec(connection, *catalog, ref.spec_name);
            if (spec) change(connection, sql::set_checked, spec->spec, now);
        }
        return {};
    });
}

}  // namespace embedq::sqlite

// Specs: documents with their operations, written together with their jobs; and what ranking reads (sql/specs.sql).
#include <bit>
#include <map>
#include <optional>
#include <set>

#include "documents/documents.h"
#include "embedq/support/store_rules.h"
#include "queue.h"
#include "store.h"

namespace embedq::postgres {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as little-endian float32");

constexpr std::size_t operations_page = 2'000;
constexpr std::size_t vectors_page = 2'000;

// Which of the writes change something.
[[nodiscard]] std::vector<bool> find_changed(Connection& connection, std::span<const SpecWrite> specs) {
    Array catalogs, names, hashes, versions, kinds, sources, etags, base_paths, titles, descriptions;
    Array roots, paths, notes, left_out, refreshes;
    for (const SpecWrite& write : specs) {
        catalogs.add(write.catalog_id);
        names.add(write.spec_name);
        hashes.add(write.content_hash);
        versions.add(std::int64_t{write.text_version});
        kinds.add(static_cast<std::int64_t>(write.source_kind));
        sources.add(write.source);
        etags.add(write.etag);
        base_paths.add(write.base_path);
        titles.add(write.title);
        descriptions.add(write.description);
        roots.add(write.record.root);
        paths.add(write.record.path);
        notes.add(documents::join_notes(write.record.notes));
        left_out.add(static_cast<std::int64_t>(write.record.operations_left_out));
        refreshes.add(stored_refresh(write.record));
    }
    Parameters parameters;
    parameters.add(std::move(catalogs))
        .add(std::move(names))
        .add(std::move(hashes))
        .add(std::move(versions))
        .add(std::move(kinds));
    parameters.add(std::move(sources))
        .add(std::move(etags))
        .add(std::move(base_paths))
        .add(std::move(titles))
        .add(std::move(descriptions));
    parameters.add(std::move(roots))
        .add(std::move(paths))
        .add(std::move(notes))
        .add(std::move(left_out))
        .add(std::move(refreshes));
    const Rows rows = connection.call("same_documents", parameters);
    std::vector<bool> changed(specs.size(), true);
    for (std::size_t i = 0; i < rows.size(); ++i) changed.at(rows.count(i, 0) - 1) = !rows.boolean(i, 1);
    return changed;
}

void put_texts(Connection& connection, std::span<const SpecWrite> specs, const std::vector<bool>& changed) {
    std::map<Sha256, std::string_view> texts;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (!changed[i]) continue;
        for (const Operation& operation : specs[i].operations) texts.emplace(operation.text_hash, operation.text);
    }
    if (texts.empty()) return;
    Array hashes, contents;
    for (const auto& [hash, content] : texts) {
        hashes.add(hash);
        contents.add(content);
    }
    connection.call("put_texts", Parameters().add(std::move(hashes)).add(std::move(contents)));
}

[[nodiscard]] Parameters parameters_of(const std::optional<SpecVersion>& version) {
    if (!version) return std::move(Parameters().add_null().add_null());
    return std::move(Parameters().add(to_us(version->created_at)).add(static_cast<std::int64_t>(version->generation)));
}

// The old name, unless the spec was written since it was seen.
[[nodiscard]] std::string_view renamed_from(Connection& connection, const SpecWrite& write) {
    if (write.renamed_from.empty() || !write.renamed_version) return write.renamed_from;
    const Rows rows = connection.call(
        "lock_version",
        Parameters().add(write.catalog_id).add(write.renamed_from).append(parameters_of(write.renamed_version)));
    return rows.boolean(0, 0) ? std::string_view(write.renamed_from) : std::string_view();
}

[[nodiscard]] PutResult put_changed(Connection& connection, const SpecWrite& write, const std::string& document) {
    Array ids, methods, paths, summaries, tags, cuts, hashes;
    for (const Operation& operation : write.operations) {
        ids.add(operation.operation_id);
        methods.add(operation.method);
        paths.add(operation.path);
        summaries.add(operation.summary);
        tags.add(documents::join_tags(operation.tags));
        cuts.add(std::int64_t{operation.cut_bytes});
        hashes.add(operation.text_hash);
    }
    Parameters parameters;
    parameters.add(write.catalog_id)
        .add(write.spec_name)
        .add(static_cast<std::int64_t>(write.source_kind))
        .add(write.source);
    parameters.add(write.etag).add(write.base_path).add(write.title).add(write.description).add(write.content_hash);
    parameters.add(std::int64_t{write.text_version})
        .add(static_cast<std::int64_t>(write.content.size()))
        .add_literal(document);
    parameters.add(std::move(ids))
        .add(std::move(methods))
        .add(std::move(paths))
        .add(std::move(summaries))
        .add(std::move(tags));
    parameters.add(std::move(cuts)).add(std::move(hashes)).add(write.record.root).add(write.record.path);
    parameters.add(documents::join_notes(write.record.notes))
        .add(static_cast<std::int64_t>(write.record.operations_left_out))
        .add(stored_refresh(write.record))
        .add(renamed_from(connection, write));
    const Rows rows = connection.call("put_changed", parameters);
    return {.outcome = rows.boolean(0, 0) ? PutOutcome::created : PutOutcome::changed,
            .enqueued = enqueue_outcome(rows.view(0, 1)),
            .generation = static_cast<std::uint64_t>(rows.integer(0, 2)),
            .operation_count = write.operations.size()};
}

void put_unchanged(Connection& connection, std::span<const SpecWrite> specs, const std::vector<bool>& changed,
                   std::vector<PutResult>& results) {
    Array catalogs, names;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (changed[i]) continue;
        catalogs.add(specs[i].catalog_id);
        names.add(specs[i].spec_name);
        places.push_back(i);
    }
    if (places.empty()) return;
    const Rows rows = connection.call("put_unchanged", Parameters().add(std::move(catalogs)).add(std::move(names)));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        results.at(places.at(rows.count(i, 0) - 1)) = {.outcome = PutOutcome::unchanged,
                                                       .enqueued = enqueue_outcome(rows.view(i, 1)),
                                                       .generation = static_cast<std::uint64_t>(rows.integer(i, 2)),
                                                       .operation_count = rows.count(i, 3)};
    }
}

[[nodiscard]] std::string compressed_literal(documents::Compressor& compressor, const std::string& content) {
    std::string literal = "\\x";
    append_hex(literal, compressor.compress(content));
    return literal;
}

// The columns from `name` on.
[[nodiscard]] SpecInfo info_of_row(const Rows& rows, std::size_t i, std::string_view catalog_id, int name = 0) {
    return {.catalog_id = std::string(catalog_id),
            .spec_name = rows.text(i, name),
            .source_kind = static_cast<SourceKind>(rows.integer(i, name + 1)),
            .source = rows.text(i, name + 2),
            .etag = rows.text(i, name + 3),
            .base_path = rows.text(i, name + 4),
            .title = rows.text(i, name + 5),
            .description = rows.text(i, name + 6),
            .content_hash = rows.hash(i, name + 7),
            .text_version = static_cast<std::uint32_t>(rows.integer(i, name + 8)),
            .generation = static_cast<std::uint64_t>(rows.integer(i, name + 9)),
            .operation_count = rows.count(i, name + 10),
            .created_at = rows.time(i, name + 11),
            .updated_at = rows.time(i, name + 12),
            .parked_until = rows.maybe_time(i, name + 13),
            .record = {.root = rows.text(i, name + 14),
                       .path = rows.text(i, name + 15),
                       .notes = documents::split_notes(rows.view(i, name + 16)),
                       .operations_left_out = rows.count(i, name + 17),
                       .refresh = refresh_from(rows.integer(i, name + 18))},
            .checked_at = rows.maybe_time(i, name + 19)};
}

// If a call names one spec twice, the later write sees the earlier one, as it would in two calls.
[[nodiscard]] bool names_a_spec_twice(std::span<const SpecWrite> specs) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const SpecWrite& write : specs) {
        if (!seen.emplace(write.catalog_id, write.spec_name).second) return true;
    }
    return false;
}

}  // namespace

Result<std::vector<PutResult>> PostgresStore::put_specs(std::span<const SpecWrite> specs) {
    for (const SpecWrite& write : specs) {
        if (auto valid = check_spec_write(write); !valid) return std::unexpected(valid.error());
    }
    if (specs.empty()) return std::vector<PutResult>();
    documents::Compressor compressor;
    const auto put = [&](Connection& connection, std::span<const SpecWrite> writes, std::vector<PutResult>& results) {
        const std::vector<bool> changed = find_changed(connection, writes);
        put_texts(connection, writes, changed);
        for (std::size_t i = 0; i < writes.size(); ++i) {
            if (changed[i])
                results[i] = put_changed(connection, writes[i], compressed_literal(compressor, writes[i].content));
        }
        put_unchanged(connection, writes, changed, results);
    };
    return pool_.transaction([&](Connection& connection) -> Result<std::vector<PutResult>> {
        std::vector<PutResult> results(specs.size());
        if (!names_a_spec_twice(specs)) {
            put(connection, specs, results);
            return results;
        }
        for (std::size_t i = 0; i < specs.size(); ++i) {
            std::vector<PutResult> one(1);
            put(connection, specs.subspan(i, 1), one);
            results[i] = one[0];
        }
        return results;
    });
}

Result<std::vector<SpecInfo>> PostgresStore::specs(std::string_view catalog_id, std::string_view after,
                                                   std::size_t limit) {
    return pool_.call("list_specs", Parameters().add(catalog_id).add(after).add(to_limit(limit)),
                      [&](const Rows& rows) {
                          std::vector<SpecInfo> page;
                          for (std::size_t i = 0; i < rows.size(); ++i)
                              page.push_back(info_of_row(rows, i, catalog_id));
                          return page;
                      });
}

Result<SpecInfo> PostgresStore::spec(std::string_view catalog_id, std::string_view spec_name) {
    return pool_.call("get_spec", Parameters().add(catalog_id).add(spec_name),
                      [&](const Rows& rows) { return info_of_row(rows, 0, catalog_id); });
}

Result<std::string> PostgresStore::spec_content(std::string_view catalog_id, std::string_view spec_name) {
    struct Stored {
        std::size_t size = 0;
        std::vector<std::byte> compressed;
    };
    const auto stored = pool_.call("spec_content", Parameters().add(catalog_id).add(spec_name),
                                   [](const Rows& rows) -> std::optional<Stored> {
                                       if (rows.size() == 0) return std::nullopt;
                                       return Stored{rows.count(0, 0), rows.bytes(0, 1)};
                                   });
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) {
        return fail(ErrorKind::internal,
                    "the document of spec '" + std::string(spec_name) + "' is missing from the database",
                    "put it again");
    }
    return documents::decompress((*stored)->compressed, (*stored)->size);
}

Status PostgresStore::delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                  std::optional<SpecVersion> seen) {
    return pool_.call("delete_spec", Parameters().add(catalog_id).add(spec_name).append(parameters_of(seen)),
                      [](const Rows&) {});
}

Result<std::vector<SpecInfo>> PostgresStore::due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                           std::chrono::milliseconds default_interval) {
    return pool_.call("due_refreshes", Parameters().add(to_limit(limit)).add(to_us(hold)).add(to_us(default_interval)),
                      [](const Rows& rows) {
                          std::vector<SpecInfo> due;
                          for (std::size_t i = 0; i < rows.size(); ++i)
                              due.push_back(info_of_row(rows, i, rows.text(i, 0), 1));
                          return due;
                      });
}

Status PostgresStore::checked(std::span<const SpecRef> specs) {
    Array catalogs, names;
    for (const SpecRef& spec : specs) {
        catalogs.add(spec.catalog_id);
        names.add(spec.spec_name);
    }
    return pool_.call("checked", Parameters().add(std::move(catalogs)).add(std::move(names)), [](const Rows&) {});
}

Status PostgresStore::operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                                 const OperationVisitor& visit) {
    bool visited = false;
    return pool_.snapshot([&](Connection& connection) -> Status {
        Operation operation;
        try {
            connection.read_pages("operations_of", Parameters().add(catalog_id).add(spec_names), operations_page,
                                  [&](const Rows& rows) {
                                      for (std::size_t i = 0; i < rows.size(); ++i) {
                                          operation.operation_id = rows.view(i, 1);
                                          operation.method = rows.view(i, 2);
                                          operation.path = rows.view(i, 3);
                                          operation.summary = rows.view(i, 4);
                                          documents::split_tags(rows.view(i, 5), operation.tags);
                                          operation.cut_bytes = static_cast<std::uint32_t>(rows.integer(i, 6));
                                          operation.text_hash = rows.hash(i, 7);
                                          operation.text = rows.view(i, 8);
                                          visited = true;
                                          visit(rows.view(i, 0), operation);
                                      }
                                  });
        } catch (Failure& caught) {
            // Starting again here would visit some operations twice; the caller starts again.
            if (visited) return std::unexpected(std::move(caught.error));
            throw;
        }
        return {};
    });
}

Status PostgresStore::vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes,
                              const VectorVisitor& visit) {
    std::vector<float> values;
    std::size_t begin = 0;
    do {
        const auto page = text_hashes.subspan(begin, std::min(vectors_page, text_hashes.size() - begin));
        const auto read = pool_.call("vectors_of", Parameters().add(profile_id).add(page), [&](const Rows& rows) {
            for (std::size_t i = 0; i < rows.size(); ++i) {
                values.resize(rows.byte_count(i, 1) / sizeof(float));
                if (rows.decode(i, 1, std::as_writable_bytes(std::span(values))))
                    visit(begin + rows.count(i, 0), values);
            }
        });
        if (!read) return std::unexpected(read.error());
        begin += page.size();
    } while (begin < text_hashes.size());
    return {};
}

}  // namespace embedq::postgres

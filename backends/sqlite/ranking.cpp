// What ranking reads: the feed, operations and vectors.
#include <algorithm>
#include <bit>
#include <cstring>

#include "catalogs.h"
#include "documents/documents.h"
#include "embedq/support/store_rules.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as little-endian float32");

struct Located {
    std::int64_t vector = 0;
    std::size_t index = 0;
};

[[nodiscard]] std::vector<Located> locate(Connection& connection, std::int64_t profile,
                                          std::span<const Sha256> text_hashes) {
    std::vector<Located> located;
    located.reserve(text_hashes.size());
    for (std::size_t i = 0; i < text_hashes.size(); ++i) {
        if (const auto vector = value_of(connection, sql::vector_of_hash, profile, text_hashes[i]))
            located.push_back({*vector, i});
    }
    // In their order in the file, which is faster with a cold cache.
    std::ranges::sort(located, {}, &Located::vector);
    return located;
}

}  // namespace

Result<std::uint64_t> SqliteStore::revision(std::string_view catalog_id) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::uint64_t> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        return connections_.revision(connection, static_cast<std::int64_t>(catalog->revision));
    });
}

Result<Changes> SqliteStore::changes(std::string_view catalog_id, std::uint64_t since_revision) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<Changes> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        const auto since = connections_.in_file(connection, since_revision);
        Changes changes{connections_.revision(connection, static_cast<std::int64_t>(catalog->revision)),
                        !since || *since < static_cast<std::int64_t>(catalog->feed_floor),
                        {}};
        if (changes.everything) return changes;
        Run row(connection, sql::changes_since, catalog->catalog, *since);
        while (row.next()) changes.specs.push_back(row.text(0));
        return changes;
    });
}

Status SqliteStore::operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                               const OperationVisitor& visit) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Status {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        Operation operation;
        for (const SpecRow& spec : find_specs(connection, *catalog, spec_names)) {
            Run row(connection, sql::operations_of_spec, spec.spec);
            while (row.next()) {
                operation.operation_id = row.view(0);
                operation.method = row.view(1);
                operation.path = row.view(2);
                operation.summary = row.view(3);
                documents::split_tags(row.view(4), operation.tags);
                operation.cut_bytes = static_cast<std::uint32_t>(row.integer(5));
                operation.text_hash = row.hash(6);
                operation.text = row.view(7);
                visit(spec.spec_name, operation);
            }
        }
        return {};
    });
}

Status SqliteStore::vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes, const VectorVisitor& visit) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Status {
        const auto profile = value_of(connection, sql::profile_of_id, profile_id);
        if (!profile) return no_such_profile();
        std::vector<float> values;
        for (const Located& found : locate(connection, *profile, text_hashes)) {
            Run row(connection, sql::vector_value, found.vector);
            if (!row.next()) continue;
            const auto bytes = row.blob(0);
            values.resize(bytes.size() / sizeof(float));
            std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
            visit(found.index, values);
        }
        return {};
    });
}

}  // namespace embedq::sqlite

#include "cli/interval_for_all.h"

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catalog/hash.h"
#include "cli/document_finder.h"
#include "cli/present.h"
#include "cli/refresh_interval.h"

namespace embedq::cli {
namespace {

constexpr std::chrono::minutes between_looks{1};

// The document that is stored, with everything that is recorded of it.
SpecInput stored_input(const SpecInfo& spec, std::string content) {
    SpecInput input;
    input.catalog_id = spec.catalog_id;
    input.spec_name = spec.spec_name;
    input.source_kind = spec.source_kind;
    input.source = spec.source;
    input.etag = spec.etag;
    input.base_path = spec.base_path;
    input.title = spec.title;
    input.description = spec.description;
    input.content = std::move(content);
    input.root = spec.record.root;
    input.path = spec.record.path;
    input.notes = spec.record.notes;
    return input;
}

}  // namespace

IntervalForAll::IntervalForAll(Engine& engine, std::chrono::milliseconds refresh, Context& context)
    : engine_(engine), recorded_(recorded_for_all(refresh)), context_(context) {}

bool IntervalForAll::needs_it(const SpecInfo& spec) const {
    if (spec.source_kind != SourceKind::url || spec.record.refresh == recorded_) return false;
    return spec.record.refresh.count() == 0 || (first_ && !refresh_interval(spec.record).is_own);
}

Result<bool> IntervalForAll::record(const SpecInfo& spec) {
    auto content = engine_.spec_content(spec.catalog_id, spec.spec_name);
    if (!content && content.error().kind == ErrorKind::not_found) return false;
    if (!content) return std::unexpected(std::move(content.error()));
    // Read after its content, so that a write in between is seen.
    const auto now = engine_.spec(spec.catalog_id, spec.spec_name);
    if (!now && now.error().kind == ErrorKind::not_found) return false;
    if (!now) return std::unexpected(now.error());
    if (!needs_it(*now) || catalog::sha256(*content) != now->content_hash) return false;
    SpecInput input = stored_input(*now, std::move(*content));
    input.refresh = recorded_;
    const auto put = engine_.put_specs(std::span(&input, 1));
    if (!put) return std::unexpected(put.error());
    return put->front() && put->front()->outcome != PutOutcome::unchanged;
}

Status IntervalForAll::apply(const std::stop_token& stop) {
    const auto now = context_.clock().now();
    if (next_ && (now < *next_ || recorded_.count() == 0)) return {};
    const auto catalogs = engine_.catalogs();
    if (!catalogs) return std::unexpected(catalogs.error());
    std::vector<SpecInfo> found;
    for (const CatalogInfo& catalog : *catalogs) {
        const Status listed = each_spec(engine_, catalog.catalog_id, [&](const SpecInfo& spec) {
            if (needs_it(spec)) found.push_back(spec);
        });
        if (!listed) return listed;
    }
    std::size_t count = 0;
    for (const SpecInfo& spec : found) {
        if (stop.stop_requested()) return {};
        const auto recorded = record(spec);
        if (!recorded) return std::unexpected(recorded.error());
        count += *recorded ? 1 : 0;
    }
    first_ = false;
    next_ = now + between_looks;
    if (count == 0) return {};
    const auto every = std::chrono::floor<std::chrono::seconds>(recorded_);
    const std::string often = every.count() == 0 ? "asked no more" : "asked every " + duration_of(every);
    context_.logger().info(
        fmt::format("the URLs of {} are {} from now on (fetch.refresh)", counted(count, "spec"), often));
    return {};
}

}  // namespace embedq::cli

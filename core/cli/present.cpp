#include "cli/present.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "embedq/support/numbers.h"

namespace embedq::cli {
namespace {

void put_text(Json& json, const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
}

void put_time(Json& json, const char* key, std::optional<Time> time) {
    if (time && *time != Time{}) json[key] = time_of(*time);
}

}  // namespace

Badge badge_of(const SpecStatus& status) {
    const std::string operations = count_of(status.operation_count);
    switch (state_of(status)) {
        case SpecState::indexed:
            if (status.operation_count == 0) return {"indexed, no operations", Colour::grey, false};
            return {fmt::format("{}/{} indexed", count_of(status.embedding_count), operations), Colour::green, false};
        case SpecState::running: {
            const std::size_t done =
                std::min(std::max(status.embedding_count, status.job->embedded_so_far), status.operation_count);
            return {fmt::format("running {}/{}", count_of(done), operations), Colour::blue};
        }
        case SpecState::pending:
            if (status.job->attempts == 0) return {"pending", Colour::amber};
            return {fmt::format("pending ({})", counted(status.job->attempts, "attempt")), Colour::amber};
        case SpecState::failed: return {"failed", Colour::red};
        case SpecState::not_indexed: break;
    }
    return {"not indexed", Colour::amber};
}

std::uint32_t attempts_of(const Job& job) {
    switch (job.status) {
        case JobStatus::succeeded: return job.attempts + 1;
        // One that was refused is not counted as a failed attempt.
        case JobStatus::failed: return std::max<std::uint32_t>(job.attempts, 1);
        default: return job.attempts;
    }
}

bool is_settled(const CatalogHealth& health) {
    return health.specs_indexed >= health.specs_total;
}

std::string rollup_of(const CatalogHealth& health) {
    if (health.specs_total == 0) return "No specs";
    if (is_settled(health)) return fmt::format("All {} specs indexed", count_of(health.specs_total));
    return fmt::format("{}/{} specs indexed ({} running, {} pending, {} failed, {} not indexed)",
                       count_of(health.specs_indexed), count_of(health.specs_total), count_of(health.specs_running),
                       count_of(health.specs_pending), count_of(health.specs_failed), count_of(not_indexed(health)));
}

std::string time_of(Time time) {
    if (time == Time{}) return {};
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                       fmt::gmtime(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()));
}

std::string duration_of(std::chrono::milliseconds duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    if (seconds < 60) return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000.0);
    if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
    return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
}

std::string count_of(std::uint64_t count) {
    return in_thousands(count);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
    if (count == 1) return fmt::format("1 {}", one);
    return many.empty() ? fmt::format("{} {}s", count_of(count), one) : fmt::format("{} {}", count_of(count), many);
}

std::string hex_of(const Sha256& hash) {
    std::string text;
    for (const std::byte byte : hash) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

std::string_view name_of(RankingMode mode) {
    switch (mode) {
        case RankingMode::hybrid: return "hybrid";
        case RankingMode::semantic: return "semantic";
        case RankingMode::lexical: return "lexical";
    }
    return "lexical";
}

std::string_view name_of(SourceKind kind) {
    switch (kind) {
        case SourceKind::inline_document: return "inline";
        case SourceKind::upload: return "upload";
        case SourceKind::file: return "file";
        case SourceKind::url: return "url";
    }
    return "inline";
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    const std::string_view unit(end, text.data() + text.size());
    std::int64_t factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s") factor = 1'000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    // A hundred thousand days are longer than any history and far from overflow.
    if (factor == 0 || number > 8'640'000'000'000 / factor) return std::nullopt;
    return std::chrono::milliseconds(number * factor);
}

Json json_of(const CatalogHealth& health) {
    return {{"catalog_id", health.catalog_id},           {"specs_total", health.specs_total},
            {"specs_indexed", health.specs_indexed},     {"specs_pending", health.specs_pending},
            {"specs_running", health.specs_running},     {"specs_failed", health.specs_failed},
            {"specs_not_indexed", not_indexed(health)},  {"operation_count", health.operation_count},
            {"embedding_count", health.embedding_count}, {"operations_left_out", health.operations_left_out}};
}

Json json_of(const SpecStatus& status) {
    Json json{{"spec_name", status.spec_name},
              {"state", to_string(state_of(status))},
              {"operation_count", status.operation_count},
              {"embedding_count", status.embedding_count}};
    if (status.refused_count > 0) json["refused_count"] = status.refused_count;
    if (status.job) {
        const Job& job = *status.job;
        if (job.status == JobStatus::running) json["embedded_so_far"] = job.embedded_so_far;
        json["job_status"] = to_string(job.status);
        if (const auto attempts = attempts_of(job); attempts > 0) json["job_attempts"] = attempts;
        put_text(json, "job_last_error", job.last_error);
        put_time(json, "job_updated_at",
                 std::max({job.created_at, job.started_at.value_or(Time{}), job.completed_at.value_or(Time{})}));
    }
    json["badge"] = badge_of(status).text;
    return json;
}

Json json_of(const Job& job) {
    Json json{{"id", job.id},
              {"catalog_id", job.catalog_id},
              {"spec_name", job.spec_name},
              {"kind", to_string(job.kind)},
              {"status", to_string(job.status)},
              {"attempts", attempts_of(job)}};
    put_text(json, "last_error", job.last_error);
    put_text(json, "worker_id", job.worker_id);
    put_time(json, "next_run_at", job.next_run_at);
    put_time(json, "lease_expires_at", job.lease_expires_at);
    put_time(json, "created_at", job.created_at);
    put_time(json, "started_at", job.started_at);
    put_time(json, "completed_at", job.completed_at);
    return json;
}

Json json_of(const CatalogInfo& catalog) {
    Json json{{"catalog_id", catalog.catalog_id}, {"name", catalog.name}};
    put_text(json, "version", catalog.version);
    put_text(json, "display_name", catalog.display_name);
    put_text(json, "description", catalog.description);
    put_text(json, "provider", catalog.provider);
    if (catalog.target_profile) json["target_profile"] = hex_of(*catalog.target_profile);
    if (catalog.serving_profile) json["serving_profile"] = hex_of(*catalog.serving_profile);
    json["spec_count"] = catalog.spec_count;
    put_time(json, "created_at", catalog.created_at);
    put_time(json, "updated_at", catalog.updated_at);
    return json;
}

Json json_of(const SpecInfo& spec, std::chrono::milliseconds default_refresh) {
    Json json{
        {"catalog_id", spec.catalog_id}, {"spec_name", spec.spec_name}, {"source_kind", name_of(spec.source_kind)}};
    put_text(json, spec.source_kind == SourceKind::url ? "source_url" : "source", spec.source);
    put_text(json, "etag", spec.etag);
    put_text(json, "base_path", spec.base_path);
    put_text(json, "title", spec.title);
    put_text(json, "description", spec.description);
    json["content_hash"] = hex_of(spec.content_hash);
    json["generation"] = spec.generation;
    json["operation_count"] = spec.operation_count;
    put_text(json, "root", spec.record.root);
    put_text(json, "path", spec.record.path);
    if (spec.record.operations_left_out > 0) json["operations_left_out"] = spec.record.operations_left_out;
    for (const Note& note : spec.record.notes)
        json["notes"].push_back({{"where", note.where}, {"reason", note.reason}});
    // Nobody has said anything of a source without an interval.
    const auto& own = spec.record.refresh;
    if (spec.source_kind == SourceKind::url && (own || default_refresh.count() > 0)) {
        const auto every = std::chrono::floor<std::chrono::seconds>(own.value_or(default_refresh));
        json["refresh_seconds"] = every.count();  // 0: never
        json["refresh_from"] = own ? "spec" : "fetch.refresh";
    }
    put_time(json, "checked_at", spec.checked_at);
    put_time(json, "created_at", spec.created_at);
    put_time(json, "updated_at", spec.updated_at);
    put_time(json, "parked_until", spec.parked_until);
    return json;
}

Json json_of(const Operation& operation) {
    Json json{{"operation_id", operation.operation_id}, {"method", operation.method}, {"path", operation.path}};
    put_text(json, "summary", operation.summary);
    if (!operation.tags.empty()) json["tags"] = operation.tags;
    if (operation.cut_bytes > 0) json["cut_bytes"] = operation.cut_bytes;
    return json;
}

Json json_of(const SearchResponse& response) {
    Json results = Json::array();
    for (const SearchHit& hit : response.hits) {
        results.push_back({{"catalog_id", hit.catalog_id},
                           {"spec_name", hit.spec_name},
                           {"operation_id", hit.operation_id},
                           {"method", hit.method},
                           {"path", hit.path},
                           {"summary", hit.summary},
                           {"score", hit.score}});
    }
    Json json{{"ranking", name_of(response.ranking)}, {"fallback_reason", response.fallback_reason}};
    put_text(json, "fallback_detail", response.fallback_detail);
    json["results"] = std::move(results);
    return json;
}

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace embedq::cli

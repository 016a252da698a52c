#include "cli/refresher.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "cli/indexer.h"
#include "sync/sleep.h"

namespace embedq::cli {
namespace {

// The shortest interval is a minute.
constexpr std::chrono::seconds pause_between{20};
// How long this process has what it takes. A source that cannot be had is asked again after that.
constexpr std::chrono::minutes hold{5};
constexpr std::size_t taken_at_once = 4;
constexpr sync::Backoff store_backoff{.base = std::chrono::seconds(5), .max = std::chrono::seconds(80)};

}  // namespace

Refresher::Refresher(Engine& engine, MakeFetcher make_fetcher, Context& context)
    : engine_(engine),
      make_fetcher_(std::move(make_fetcher)),
      context_(context),
      store_faults_(context),
      source_faults_(context),
      looking_(store_faults_, context, "look for sources to refresh", store_backoff) {}

Result<std::size_t> Refresher::refresh_due(const std::stop_token& stop) {
    std::size_t asked = 0;
    while (!stop.stop_requested()) {
        const auto due = engine_.due_refreshes(taken_at_once, hold);
        if (!due) return std::unexpected(due.error());
        for (const SpecInfo& spec : *due) {
            if (stop.stop_requested()) return asked;
            if (const Status refreshed = refresh(spec, stop); !refreshed) return std::unexpected(refreshed.error());
            ++asked;
        }
        if (due->size() < taken_at_once) break;
    }
    return asked;
}

Result<DocumentFile> Refresher::document_of(const SpecInfo& spec) {
    if (!fetcher_) {
        auto made = make_fetcher_();
        if (!made) return std::unexpected(made.error());
        fetcher_ = std::move(*made);
    }
    return stored_url(spec, *fetcher_);
}

Status Refresher::refresh(const SpecInfo& spec, const std::stop_token& stop) {
    const std::string what = fmt::format("refresh {}/{} from {}", spec.catalog_id, spec.spec_name, spec.source);
    const auto file = document_of(spec);
    if (!file) {
        source_faults_.failed(what, file.error());
        return {};
    }
    IndexerSettings settings;
    settings.catalog_id = spec.catalog_id;
    settings.fetcher = fetcher_.get();
    const auto report = put_documents(engine_, std::span(&*file, 1), settings, {}, stop);
    if (!report) return std::unexpected(report.error());
    if (!report->refused.empty()) {
        source_faults_.failed(what, Error{.kind = ErrorKind::unavailable, .message = report->refused[0].reason});
        return {};
    }
    if (report->stopped) return {};
    source_faults_.succeeded(what);
    if (report->unchanged == 0)
        context_.logger().info(
            fmt::format("{}/{} changed at {} and is stored", spec.catalog_id, spec.spec_name, spec.source));
    return {};
}

void Refresher::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const bool looked = looking_.succeeded(refresh_due(stop));
        const auto pause =
            looked ? std::chrono::steady_clock::duration(pause_between) : looking_.again_at() - context_.clock().now();
        if (!sync::sleep_for(std::chrono::ceil<std::chrono::milliseconds>(pause), stop)) return;
    }
}

}  // namespace embedq::cli

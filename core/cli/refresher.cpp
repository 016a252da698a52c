#include "cli/refresher.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "cli/document_finder.h"
#include "cli/indexer.h"
#include "sync/backoff.h"
#include "sync/sleep.h"

namespace embedq::cli {
namespace {

// The shortest interval is a minute.
constexpr std::chrono::seconds pause_between{20};
// For what follows the first fetch: five minutes for its parts, the last of which may take as long as any fetch, and as
// much for reading the document and storing it.
constexpr std::chrono::minutes longest_rest{10};
constexpr sync::Backoff source_backoff{.base = std::chrono::minutes(5), .max = std::chrono::hours(1)};
// A failing source that is not given to this process for so long is forgotten: its spec is gone, or another process has
// it.
constexpr std::chrono::hours forgotten_after{24};
constexpr sync::Backoff store_backoff{.base = std::chrono::seconds(5), .max = std::chrono::seconds(80)};

std::string named(const SpecInfo& spec) {
    return fmt::format("{}/{} from {}", spec.catalog_id, spec.spec_name, spec.source);
}

// Whether the source may be had soon. What was sent and refused stays as it is until its owner corrects it.
bool may_pass(ErrorKind kind) {
    return kind == ErrorKind::unavailable || kind == ErrorKind::not_found;
}

}  // namespace

Refresher::Refresher(Engine& engine, std::unique_ptr<fetch::Fetcher> fetcher, const FetchSettings& settings,
                     Context& context)
    : engine_(engine),
      fetcher_(std::move(fetcher)),
      hold_(2 * settings.timeout + longest_rest),
      default_interval_(settings.refresh),
      context_(context),
      store_faults_(context),
      looking_(store_faults_, context, "look for sources to refresh", store_backoff) {}

Result<std::size_t> Refresher::refresh_due(const std::stop_token& stop) {
    std::size_t asked = 0;
    while (!stop.stop_requested()) {
        // One at a time, so that the hold is of one fetch.
        const auto due = engine_.due_refreshes(1, hold_, default_interval_);
        if (!due) return std::unexpected(due.error());
        if (due->empty()) break;
        const SpecInfo& spec = due->front();
        if (waits(spec)) continue;
        if (const Status refreshed = refresh(spec, stop); !refreshed) return std::unexpected(refreshed.error());
        ++asked;
    }
    return asked;
}

Status Refresher::refresh(const SpecInfo& spec, const std::stop_token& stop) {
    const auto file = stored_url(spec, *fetcher_);
    if (!file) {
        return failed(spec, file.error().kind, to_string(file.error()));
    }
    IndexerSettings settings;
    settings.catalog_id = spec.catalog_id;
    settings.fetcher = fetcher_.get();
    settings.only_stored = true;
    const auto report = put_documents(engine_, std::span(&*file, 1), settings, {}, stop);
    if (!report) return std::unexpected(report.error());
    if (report->stopped || stop.stop_requested()) return {};
    if (!report->refused.empty()) {
        const RefusedDocument& refused = report->refused[0];
        return failed(spec, refused.kind.value_or(ErrorKind::unavailable), refused.reason);
    }
    succeeded(spec);
    if (report->documents > report->unchanged)
        context_.logger().info(
            fmt::format("{}/{} changed at {} and is stored", spec.catalog_id, spec.spec_name, spec.source));
    return {};
}

Status Refresher::failed(const SpecInfo& spec, ErrorKind kind, const std::string& reason) {
    const Clock::Steady now = context_.clock().now();
    std::erase_if(failing_, [&](const auto& entry) { return entry.second.forgotten_at < now; });
    const auto [found, begins] = failing_.try_emplace({spec.catalog_id, spec.spec_name}, Failing{.since = now});
    Failing& failing = found->second;
    ++failing.failures;
    const bool refused = !may_pass(kind);
    const bool is_new = begins || failing.refused != refused;
    failing.refused = refused;
    const auto wait = refused ? spec.record.refresh.value_or(default_interval_)
                              : source_backoff.delay(failing.failures, context_.uniform());
    failing.again_at = refused ? now : now + wait;
    failing.forgotten_at = now + wait + forgotten_after;
    const std::string what = refused ? fmt::format(
                                           "what is sent for {} is refused, and the stored document stays; "
                                           "it is asked for again",
                                           named(spec))
                                     : fmt::format("cannot refresh {}, trying again", named(spec));
    // It is not given to any process before the hold is over.
    const auto shown = refused ? wait : std::max(wait, hold_);
    context_.logger().log(is_new ? LogLevel::warn : LogLevel::debug,
                          fmt::format("{} in {}: {}", what, sync::duration_in_words(shown), reason));
    if (!refused) return {};
    const SpecRef ref{spec.catalog_id, spec.spec_name};
    return engine_.checked(std::span(&ref, 1));
}

void Refresher::succeeded(const SpecInfo& spec) {
    const auto found = failing_.find({spec.catalog_id, spec.spec_name});
    if (found == failing_.end()) return;
    const Failing failing = found->second;
    failing_.erase(found);
    context_.logger().info(fmt::format("{} can be refreshed again after {} ({} {})", named(spec),
                                       sync::duration_in_words(context_.clock().now() - failing.since),
                                       failing.failures, failing.failures == 1 ? "failure" : "failures"));
}

bool Refresher::waits(const SpecInfo& spec) const {
    const auto found = failing_.find({spec.catalog_id, spec.spec_name});
    return found != failing_.end() && context_.clock().now() < found->second.again_at;
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

#include "cli/index_waiter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds shortest_wait{100};
constexpr milliseconds target_interval{500};
constexpr milliseconds failures_interval{500};
constexpr milliseconds stall_after{3'000};
constexpr milliseconds stall_interval{1'000};
constexpr milliseconds longest_drain{10'000};
// A worker whose last heartbeat is older than that, compared with the newest one of all, has ended.
constexpr std::chrono::seconds recent_heartbeat{20};
// Between two queries of the progress, this many times the duration of the query passes, so that it slows the work
// down little.
constexpr int pause_factor = 10;

bool is_open(const SpecStatus& status) {
    return status.job && (status.job->status == JobStatus::pending || status.job->status == JobStatus::running);
}

bool is_running(const SpecStatus& status) {
    return status.job && status.job->status == JobStatus::running;
}

bool is_unsettled(const SpecStatus& status) {
    return status.embedding_count + status.refused_count < status.operation_count;
}

std::string host_name() {
    std::array<char, 256> host{};
    return ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "?";
}

}  // namespace

Result<Settlement> IndexWaiter::read_settlement() {
    return store_wait_.ask([&] {
        const auto before = interruption_.now();
        auto settlement = runtime_.engine().settlement(request_.catalog, request_.spec_names);
        settlement_took_ = interruption_.now() - before;
        return settlement;
    });
}

Result<std::vector<SpecStatus>> IndexWaiter::read_statuses() {
    return store_wait_.ask([&] {
        const auto before = interruption_.now();
        auto statuses = runtime_.engine().statuses(request_.catalog, request_.spec_names);
        statuses_took_ = interruption_.now() - before;
        return statuses;
    });
}

Result<WaitOutcome> IndexWaiter::run() {
    const auto reached = wait_for_target();
    if (!reached) return std::unexpected(reached.error());
    if (*reached == WaitEnd::settled) return wait_until_settled();
    WaitOutcome outcome{.end = *reached, .settlement = {}, .failed = {}, .reason = reason_};
    const auto settlement = read_settlement();
    if (!settlement) return std::unexpected(settlement.error());
    outcome.settlement = *settlement;
    return outcome;
}

// A provider that does not answer yet is waited for: a process that works gives the catalog its target then.
Result<WaitEnd> IndexWaiter::wait_for_target() {
    while (true) {
        const auto catalog = store_wait_.ask([&] { return runtime_.engine().catalog(request_.catalog); });
        if (!catalog) return std::unexpected(catalog.error());
        if (catalog->target_profile) {
            // Querying the whole catalog is cheaper than each of its specs by name.
            if (catalog->spec_count == request_.spec_names.size()) request_.spec_names.clear();
            notice_.goes_on();
            return WaitEnd::settled;
        }
        const auto provider = store_wait_.ask([&] { return runtime_.provider_of(request_.catalog); });
        if (!provider) return std::unexpected(provider.error());
        if (provider->name.empty()) return WaitEnd::no_provider;
        // A catalog that is ranked by vectors had a target once.
        if (catalog->serving_profile) {
            reason_ = "embedding was turned off for it; run `embedq config apply` to turn it on";
            return WaitEnd::no_provider;
        }
        reason_ = provider->failure
                      ? to_string(*provider->failure)
                      : fmt::format("the catalog has no target yet, though provider '{}' answers", provider->name);
        if (request_.works && provider->failure && provider->failure->kind == ErrorKind::misconfigured)
            return WaitEnd::needs_people;
        notice_.waits(provider->name, fmt::format("provider '{}' makes no vectors yet: {}", provider->name, reason_));
        if (!interruption_.wait_for(target_interval)) return ended();
    }
}

Result<WaitOutcome> IndexWaiter::wait_until_settled() {
    WaitOutcome outcome;
    next_failures_ = moved_at_ = interruption_.now();
    while (true) {
        const auto settlement = read_settlement();
        if (!settlement) return std::unexpected(settlement.error());
        note_progress(*settlement);
        outcome.settlement = *settlement;
        if (settlement->missing() == 0) break;
        const auto hopeless = is_hopeless();
        if (!hopeless) return std::unexpected(hopeless.error());
        if (*hopeless) break;
        const bool needs_people = report_stall();
        outcome.reason = reason_;
        if (needs_people)
            outcome.end = WaitEnd::needs_people;
        else if (!wait_for(std::max<Steady::duration>(shortest_wait, settlement_took_ * pause_factor)))
            outcome = {ended(), *settlement, {}, interruption_.timed_out() ? last_reason() : std::string()};
        if (outcome.end != WaitEnd::settled) return outcome;
    }
    return finish(std::move(outcome));
}

void IndexWaiter::note_progress(const Settlement& settlement) {
    const std::size_t settled = settlement.vectors + settlement.refusals;
    if (settled != settled_) {
        moved_at_ = interruption_.now();
        reason_.clear();
        notice_.goes_on();
    }
    settled_ = settled;
    progress_.embedding(settled, settlement.distinct_texts);
}

Result<bool> IndexWaiter::is_hopeless() {
    if (interruption_.now() < next_failures_) return false;
    auto statuses = read_statuses();
    if (!statuses) return std::unexpected(statuses.error());
    statuses_ = std::move(*statuses);
    const auto spent = std::max(settlement_took_, statuses_took_);
    next_failures_ = interruption_.now() + std::max<Steady::duration>(failures_interval, spent * pause_factor);
    bool jobless = false;
    for (const SpecStatus& status : statuses_) {
        if (!is_unsettled(status)) continue;
        if (is_open(status)) return false;
        jobless = jobless || !status.job || status.job->status == JobStatus::succeeded;
    }
    // The missing texts may have been settled between the two queries; the next round sees it.
    if (std::ranges::none_of(statuses_, is_unsettled)) return false;
    if (!jobless || reconciled_) return true;
    reconciled_ = true;
    const auto enqueued = store_wait_.ask([&] { return runtime_.engine().reconcile(request_.catalog); });
    if (!enqueued) return std::unexpected(enqueued.error());
    return false;
}

bool IndexWaiter::report_stall() {
    const auto now = interruption_.now();
    if (now - moved_at_ < stall_after || now < next_stall_) return false;
    next_stall_ = now + stall_interval;
    const auto found = stall();
    if (!found) return false;
    reason_ = found->reason;
    if (!found->needs_people) notice_.waits(found->cause, found->reason);
    return found->needs_people;
}

std::string IndexWaiter::last_reason() {
    if (!reason_.empty()) return reason_;
    if (const auto found = stall()) return found->reason;
    const std::string calls = runtime_.slow_calls();
    return calls.empty() ? calls : "not returned: " + calls;
}

std::optional<IndexWaiter::Stall> IndexWaiter::stall() {
    const auto provider = runtime_.provider_of(request_.catalog);
    if (!provider) return std::nullopt;
    if (provider->failure && request_.works) {
        // A model that this process does not make may be one that others make.
        const bool answers = provider->endpoints > 0;
        const bool refuses = provider->failure->kind == ErrorKind::misconfigured && !(answers && others_work());
        return Stall{std::string(to_string(provider->failure->kind)),
                     fmt::format("provider '{}' makes no vectors for the catalog: {}", provider->name,
                                 to_string(*provider->failure)),
                     refuses};
    }
    if (auto found = paused(provider->endpoints)) return found;
    // A job that runs makes progress, or will say why it does not.
    if (std::ranges::any_of(statuses_, is_running)) return std::nullopt;
    return waiting_jobs();
}

std::optional<IndexWaiter::Stall> IndexWaiter::paused(std::size_t endpoints) {
    const auto catalog = runtime_.engine().catalog(request_.catalog);
    if (!catalog) return std::nullopt;
    // What a process that has ended found misconfigured says nothing about this one.
    const auto states =
        request_.works ? Result<std::vector<EndpointState>>(runtime_.pauses()) : runtime_.endpoint_states();
    if (!states) return std::nullopt;
    const auto pauses = pauses_of(runtime_.engine(), std::span(&*catalog, 1), *states);
    if (!pauses || pauses->empty()) return std::nullopt;
    const auto& first = std::ranges::min(*pauses, {}, [](const ProviderPause& each) { return each.state.cool_down; });
    const bool refuse = std::ranges::all_of(
        *pauses, [](const ProviderPause& each) { return each.state.kind == PauseKind::misconfigured; });
    return Stall{std::string(to_string(first.state.kind)), in_words(first),
                 request_.works && refuse && pauses->size() >= std::max<std::size_t>(1, endpoints)};
}

std::optional<IndexWaiter::Stall> IndexWaiter::waiting_jobs() const {
    const SpecStatus* next = nullptr;
    std::size_t again = 0;
    for (const SpecStatus& status : statuses_) {
        if (!is_open(status) || status.job->attempts == 0 || !status.job->next_run_at) continue;
        ++again;
        if (next == nullptr || *status.job->next_run_at < *next->job->next_run_at) next = &status;
    }
    if (next != nullptr) {
        return Stall{"retry",
                     fmt::format("{} for another attempt, '{}' at {}: {}", counted(again, "spec waits", "specs wait"),
                                 next->spec_name, time_of(*next->job->next_run_at), next->job->last_error)};
    }
    if (request_.works) return std::nullopt;
    return Stall{"worker", "no worker has the jobs; see that one runs"};
}

bool IndexWaiter::others_work() {
    const auto workers = runtime_.engine().workers();
    if (!workers || workers->empty()) return false;
    const Time newest = std::ranges::max(*workers, {}, &WorkerInfo::seen_at).seen_at;
    const std::string host = host_name();
    return std::ranges::any_of(*workers, [&](const WorkerInfo& worker) {
        const bool own = worker.report.host == host && worker.report.pid == ::getpid();
        return !own && newest - worker.seen_at <= recent_heartbeat;
    });
}

bool IndexWaiter::wait_for(Steady::duration duration) {
    const auto end = interruption_.now() + duration;
    bool busy = runtime_.counters().jobs_held > 0;
    do {
        if (!interruption_.wait_for(shortest_wait)) return false;
        const bool still = runtime_.counters().jobs_held > 0;
        if (busy && !still) return true;
        busy = still;
    } while (interruption_.now() < end);
    return true;
}

// The last vector is stored a moment before its job ends. If the scheduler stopped in between, the job would be
// released and shown as queued.
Result<WaitOutcome> IndexWaiter::finish(WaitOutcome outcome) {
    const auto end = interruption_.now() + longest_drain;
    while (outcome.settlement.missing() == 0) {
        const auto health = store_wait_.ask([&] { return runtime_.engine().health(request_.catalog); });
        if (!health) return std::unexpected(health.error());
        if (health->empty() || health->front().specs_pending + health->front().specs_running == 0) break;
        const auto statuses = read_statuses();
        if (!statuses) return std::unexpected(statuses.error());
        if (std::ranges::none_of(*statuses, is_open) || interruption_.now() > end) break;
        if (!interruption_.wait_for(shortest_wait)) break;
    }
    if (outcome.settlement.missing() == 0 && outcome.settlement.refusals == 0) return outcome;
    auto statuses = read_statuses();
    if (!statuses) return std::unexpected(statuses.error());
    for (SpecStatus& status : *statuses) {
        if (is_unsettled(status) || status.refused_count > 0) outcome.failed.push_back(std::move(status));
    }
    return outcome;
}

}  // namespace embedq::cli

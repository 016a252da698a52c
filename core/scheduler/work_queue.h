// The work queue: the jobs this process holds, the texts they wait for, and the batches that go to providers.
//
//   add, plan ──► queued texts ──► take ──► a provider's call ──► batch_answered ──► collect ──► committed
//   (jobs)             ▲         (batches)         │                              (commits)
//                      └────── batch_failed ───────┘
//
// A text is in the queue once, however many jobs wait for it, from when it is planned until its vector is committed.
// Batches are filled across jobs, first come, first served; a batch that must be sent again, whole or in halves, goes
// first. Pure: no threads, no clock, no I/O. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "embedq/error.h"
#include "embedq/provider.h"
#include "endpoints/batch_limits.h"
#include "scheduler/batch.h"
#include "scheduler/counters.h"
#include "settings/settings.h"

namespace embedq::scheduler {

// What is known when a call ends.
struct Answer {
    endpoints::BatchLimits limits = {};
    std::chrono::steady_clock::time_point now = {};
    std::size_t failures_needed = 1;  // of a text, until its jobs are charged
};

class WorkQueue {
public:
    using Steady = std::chrono::steady_clock::time_point;

    explicit WorkQueue(const SchedulerSettings& settings) : settings_(settings) {}

    // --- jobs (work_queue.cpp)

    HoldId add(const ClaimedJob& job, Steady now = {});
    // Call `begin_planning` before pages are read and `end_planning` after the last one is planned. In between, what is
    // committed is remembered: a page that was read before a commit and planned after it names texts that are no longer
    // missing.
    void begin_planning();
    void end_planning();
    // Queues a page of the job's missing texts, at `now`. Texts that are here already are joined, unless the job's
    // force asks for newer ones.
    void plan(HoldId hold, MissingTexts page, Steady now = {});
    // Jobs whose page is done and that have more, as queries for the next page. Each page is requested once.
    [[nodiscard]] std::vector<std::pair<HoldId, MissingQuery>> take_next_pages(std::size_t max_texts,
                                                                               std::size_t max_bytes);
    // Its page could not be read. The store failed, not the job, so the job goes back without an attempt, whatever the
    // error is; after a backoff where it does not seem to pass.
    void fail(HoldId hold, const Error& error);
    // Gives the job back without counting an attempt, once what is in flight for it has returned.
    void release(HoldId hold, const std::string& reason);
    // The lease is gone: forgets the job. Its texts stay only if other jobs wait for them.
    void lose(HoldId hold, LossReason reason = LossReason::lease_over);
    // The store says that the lease is over: the job is lost, unless its outcome is on the way. The answer to that
    // decides then, since it may be the outcome that ended the lease.
    void lease_over(HoldId hold);
    // The jobs that were lost, for the log. Each is returned once.
    [[nodiscard]] bool has_lost() const noexcept { return !lost_.empty(); }
    [[nodiscard]] std::vector<LostJob> take_lost() { return std::exchange(lost_, {}); }
    // Gives back every job that waits for queued texts of a provider, without counting an attempt.
    void release_queued(const Sha256& fingerprint, const std::string& reason);
    // Until `accept`, whatever is queued for the provider is given back immediately, as by `release_queued`.
    void stop_accepting(const Sha256& fingerprint, const std::string& reason);
    void accept(const Sha256& fingerprint);
    // At a stop: gives back everything that has not been sent; calls in flight still count.
    void release_all_queued(const std::string& reason);
    // After the last call: gives back everything that is still held.
    void release_all(const std::string& reason);
    [[nodiscard]] std::vector<std::pair<HoldId, JobRef>> held() const;
    [[nodiscard]] bool holds_suspect() const noexcept;  // a suspect job, see embedq/store.h

    // --- batches (work_queue_batches.cpp)

    // The next batch for a provider, or nothing.
    [[nodiscard]] std::optional<Batch> take(const Sha256& fingerprint, const endpoints::BatchLimits& limits);
    void batch_answered(const Batch& batch, EmbedResult&& result, const Answer& answer = {});
    // The whole call failed:
    //   misconfigured             the batch goes again as it is, first
    //   throttled                 likewise, but the third time in a row last; charged to the jobs, as unavailable
    //   too_large                 it goes in halves, or in as many parts as the provider stated that it takes
    //   invalid_input             the refused text is isolated by halving: log2(n) + 2 more calls at most
    //   internal                  likewise, for the text that cannot be answered
    //   unavailable               it goes in halves; only a single text is charged to its jobs, when it has failed
    //                             often enough, `ask_again` apart
    //   any other                 is the jobs' error
    // A text that is too long is cut and sent again, a few times. Where `charge_jobs` is false, a `throttled`,
    // `unavailable` or `internal` failure is the endpoint's: the batch is kept whole.
    //
    // A text that is refused for the first time is kept for `ask_again`, and then goes once more, behind all others. If
    // it is refused again, and is among the longest, it is tried cut. If that is answered, it goes whole for the last
    // time.
    void batch_failed(const Batch& batch, const Error& error, const Answer& answer = {}, bool charge_jobs = true);
    // Queues the refused texts whose time to go once more has come.
    void queue_due_again(const Sha256& fingerprint, Steady now);
    // When the next of them is due.
    [[nodiscard]] std::optional<Steady> due_again_at(const Sha256& fingerprint) const;
    // The call reached its deadline: the batch goes again in halves.
    void batch_timed_out(const Batch& batch);
    // Puts a batch back as it was, to be sent first.
    void put_back(Batch batch);
    // Counts a call whose outcome is reported by none of the three above.
    void count_call(bool failed) noexcept;
    [[nodiscard]] std::size_t queued(const Sha256& fingerprint) const;

    // --- commits (work_queue_commits.cpp)

    // Takes what is ready. `random` in [0, 1) spreads the delays of retries.
    [[nodiscard]] CommitWork collect(double random);
    // What became of each report of a collected commit.
    void committed(const CommitWork& work, const std::vector<Kept>& kept, Steady now = {});
    [[nodiscard]] std::size_t ready_vectors() const noexcept { return ready_vectors_; }
    [[nodiscard]] bool has_ready() const noexcept { return !to_report_.empty(); }
    // The attempts that ended, for the log. Each is returned once.
    [[nodiscard]] std::vector<EndedJob> take_ended() { return std::exchange(ended_, {}); }
    // A log message for each text that was cut and is now stored. Each is returned once.
    [[nodiscard]] std::vector<std::string> take_cut_messages() { return std::exchange(cut_messages_, {}); }

    // --- sizes: queued, in flight, or waiting for their commit

    [[nodiscard]] std::size_t texts() const noexcept { return live_texts_; }
    [[nodiscard]] std::size_t texts(const Sha256& fingerprint) const;  // of one provider
    [[nodiscard]] std::size_t bytes() const noexcept { return live_bytes_; }
    [[nodiscard]] std::size_t jobs() const noexcept { return jobs_.size(); }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

private:
    struct HeldJob {
        ClaimedJob claimed;
        Steady claimed_at{};
        std::int64_t cursor = -1;     // the last position that was planned
        bool more = true;             // there are pages after the cursor
        bool page_requested = false;  // the next page; one request at a time
        std::size_t outstanding = 0;  // texts that are not settled
        std::size_t stored = 0;       // vectors of this attempt
        std::vector<TextPtr> ready;   // settled, to be reported
        std::size_t refusals = 0;
        std::string first_refusal;
        std::optional<Error> error;
        bool released = false;
        std::string release_reason;
        bool store_failed = false;  // with an error that is not a passing one: the job waits before it is claimed again
        bool finishing = false;     // its outcome is on the way to the store
    };
    struct TextKey {
        Sha256 profile_id;
        Sha256 text_hash;
        bool operator==(const TextKey&) const = default;
    };
    struct TextKeyHash {
        std::size_t operator()(const TextKey& key) const noexcept;
    };
    struct ProviderQueue {
        std::deque<Batch> batches;  // sent before the texts, as they are
        std::deque<TextPtr> texts;
        std::uint64_t taken = 0;  // of the texts, since the beginning
        // Sent when so many texts have been taken, or when none is left.
        std::deque<std::pair<std::uint64_t, Batch>> last;
        std::size_t urgent = 0;  // how many of the texts, at the front, wait for a write; background jobs come after
        std::size_t size = 0;    // texts in all of these
        // Refused once, and when they go once more; ordered by that time.
        std::deque<std::pair<Steady, TextPtr>> ask_again;
    };

    // --- jobs and texts
    [[nodiscard]] bool done(const HeldJob& job) const noexcept;
    // The next commit reports on the job.
    void mark_to_report(HoldId hold, const HeldJob& job);
    void settle(const TextPtr& text, const std::optional<Error>& error);
    [[nodiscard]] bool wanted(const Text& text) const;  // a held job waits for it
    void drop_if_unwanted(const TextPtr& text);
    void forget(const TextPtr& text);
    void release_queue(ProviderQueue& queue, const std::string& reason);
    void release_if_not_accepting(const Sha256& fingerprint, ProviderQueue& queue);

    // --- batches
    [[nodiscard]] std::optional<Batch> take_prepared(ProviderQueue& queue, const endpoints::BatchLimits& limits);
    void fill(Batch& batch, ProviderQueue& queue, const endpoints::BatchLimits& limits, std::size_t max_texts);
    void put_back_parts(const Batch& batch, std::size_t size, bool pays = false);
    void put_back_halves(const Batch& batch);
    void batch_throttled(Batch batch);
    // Puts a batch behind all that is queued: it may be the reason why the endpoint does not answer.
    void put_last(Batch batch);
    // Puts texts in front of those that are not in batches yet.
    void put_back_texts(const Sha256& fingerprint, std::vector<TextPtr> texts);

    // --- refusals (work_queue_refusals.cpp)
    // The text goes once more after `ask_again`, behind all others.
    void ask_later(const TextPtr& text, bool whole_call, const Answer& answer);
    // The text failed, by itself or in a call of its own. A server that fails at random does not fail so often.
    void failed(const TextPtr& text, const Error& error, bool whole_call, const Answer& answer);
    [[nodiscard]] static Error with_operation(const Text& text, Error error);
    // The text was refused, by itself or in a call of its own.
    void refused(const TextPtr& text, const Error& error, bool whole_call, const Answer& answer);
    void refuse(const TextPtr& text, const Error& error);
    // A text that was refused whole was taken cut, and goes whole for the last time, since a cut is for good; or it was
    // taken whole after all.
    void cut_answered(const TextPtr& text);
    // The text is among the longest that were sent to the provider.
    [[nodiscard]] bool may_be_too_long(const Text& text, const endpoints::BatchLimits& limits) const;
    void isolate_after_answer(const Batch& batch);
    void isolate_after_refusal(const Batch& batch, const Error& error, const Answer& answer);
    void queue_first_half(const Sha256& fingerprint, std::vector<TextPtr> candidates,
                          std::shared_ptr<Isolation> isolation);
    // Puts everything that was set aside back in the queue.
    void end_isolation(const Batch& batch);

    // --- cuts (work_queue_cuts.cpp)
    // Cuts the text once more; false if it may not be cut any more.
    [[nodiscard]] static bool cut(Text& text, const Error& error, const endpoints::BatchLimits& limits);
    // Cuts the texts of the batch that are above the limit that the provider stated; false if it stated none, or if no
    // text was cut.
    [[nodiscard]] static bool cut_texts_over_limit(const Batch& batch, const Error& error,
                                                   const endpoints::BatchLimits& limits);

    // --- commits
    void set_outcome(HeldJob& job, JobReport& report, double random);
    // Attempts that count, with the present one if it failed now.
    [[nodiscard]] static std::uint32_t failed_attempts(const HeldJob& job) noexcept;
    void note_end(const HeldJob& job, const JobReport& report, Steady now);
    // Removes a text after its commit; `counter` is increased if the store kept it.
    void close(const TextPtr& text, bool kept, std::uint64_t& counter);

    const SchedulerSettings settings_;
    std::map<HoldId, HeldJob> jobs_;
    std::unordered_map<TextKey, TextPtr, TextKeyHash> texts_;
    // What was committed while pages were being read, with the time that it is as of.
    std::unordered_map<TextKey, Time, TextKeyHash> just_settled_;
    bool planning_ = false;
    std::map<Sha256, ProviderQueue> queues_;
    std::map<Sha256, std::string> not_accepting_;     // with the reason
    std::map<Sha256, std::size_t> longest_embedded_;  // bytes of a text, by provider
    std::set<HoldId> to_report_;
    HoldId last_hold_ = 0;
    std::size_t ready_vectors_ = 0;
    std::size_t live_texts_ = 0;
    std::map<Sha256, std::size_t> live_texts_by_provider_;
    std::size_t live_bytes_ = 0;
    std::vector<std::string> cut_messages_;
    std::vector<LostJob> lost_;
    std::vector<EndedJob> ended_;
    Counters counters_;
};

}  // namespace embedq::scheduler

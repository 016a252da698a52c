// The workbench: the jobs this process holds, the texts they wait for, and the batches that go to providers.
//
// A text is here once however many jobs wait for it, from the moment it is planned until its vector is committed.
// Batches are filled across jobs, first come first served; a batch that must be sent again, whole or in halves, goes
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
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "embedq/commit.h"
#include "embedq/error.h"
#include "embedq/provider.h"
#include "endpoints/batch_limits.h"
#include "scheduler/counters.h"
#include "settings/settings.h"

namespace embedq::scheduler {

// One claim of one job by this process. A job that is lost and claimed again is held under a new id.
using HoldId = std::uint64_t;

// A text on its way to a vector or a refusal.
struct Text {
    Sha256 fingerprint{};
    Sha256 profile_id{};
    Sha256 text_hash{};
    Time as_of{};
    std::chrono::steady_clock::time_point here_since;
    std::string operation_id;  // of the first job's operation, for messages
    std::string text;
    std::size_t bytes = 0;   // of the text; it is let go when the text is off the books
    std::size_t cut_to = 0;  // how many of them are sent, where it had to be cut; 0: all
    std::size_t cuts = 0;    // how often it was cut after a refusal
    std::vector<HoldId> waiters;
    // What came of it; neither while it is queued or in flight.
    std::vector<float> values;
    std::optional<std::string> refusal;
    [[nodiscard]] bool settled() const noexcept { return !values.empty() || refusal.has_value(); }
    [[nodiscard]] std::string_view sent() const noexcept {
        return std::string_view(text).substr(0, cut_to > 0 ? cut_to : text.size());
    }
};
using TextPtr = std::shared_ptr<Text>;

// What is set aside while a refused text is looked for. The batch under way is one half of what is known to hold it.
struct Search {
    std::vector<TextPtr> other;  // the other half
    std::vector<TextPtr> rest;   // parted from it on the way, and perhaps innocent
    bool begun = false;          // one half has been answered
};

// One request to a provider.
struct Batch {
    Sha256 fingerprint{};
    std::vector<TextPtr> texts;
    std::shared_ptr<Search> search = nullptr;
    bool probe = false;  // sent to see whether the endpoint answers at all
    // Without prefixes.
    [[nodiscard]] std::size_t bytes() const noexcept;
};

// What `collect` hands to the committer: a commit and the texts that its spans point into.
struct CommitWork {
    Commit commit;
    std::vector<TextPtr> vector_texts;   // one per vector
    std::vector<TextPtr> refusal_texts;  // one per refusal
    std::vector<HoldId> holds;           // one per report
    [[nodiscard]] bool empty() const noexcept { return commit.jobs.empty(); }
};

class Workbench {
public:
    explicit Workbench(const SchedulerSettings& settings) : settings_(settings) {}

    // --- jobs
    HoldId add(const ClaimedJob& job);
    // Between the two, what is committed is remembered: a page that was read before a commit but planned after it names
    // texts that are no longer missing. Call `begin_planning` before pages are read and `end_planning` after the last
    // is planned.
    void begin_planning();
    void end_planning();
    // A page of the job's missing texts, at `now`. Texts that are here already are joined, unless the job's force asks
    // for newer ones.
    void plan(HoldId hold, MissingTexts page, std::chrono::steady_clock::time_point now = {});
    // The job ends with an error that is its own, such as a page that could not be read.
    void fail(HoldId hold, const Error& error);
    // The job goes back without counting an attempt, once what is in flight for it has come back.
    void release(HoldId hold, const std::string& reason);
    // Jobs whose page is done and that have more, as queries for the next page. Each is given once.
    [[nodiscard]] std::vector<std::pair<HoldId, MissingQuery>> take_replans(std::size_t max_texts,
                                                                            std::size_t max_bytes);
    // The lease is gone: forget the job; its texts go on only if others wait for them.
    void lose(HoldId hold);
    [[nodiscard]] std::vector<std::pair<HoldId, JobRef>> held() const;
    [[nodiscard]] bool holds_suspect() const noexcept;

    // --- batches
    // The next batch for a provider, or nothing. `probe` asks for a single text.
    [[nodiscard]] std::optional<Batch> take(const Sha256& fingerprint, const endpoints::BatchLimits& limits,
                                            bool probe);
    void answer(const Batch& batch, EmbedResult&& result, const endpoints::BatchLimits& limits = {});
    // The whole call failed. Throttled batches are kept whole, and so are those whose failure is the endpoint's
    // (`jobs_pay` is false), which go behind the others. One that is too large is sent in halves, or in as many parts
    // as the provider said that it takes. One that holds a refused or unanswerable text is halved until the text is
    // found: log2(n) + 2 more calls at most. One that nobody answered is sent in halves: only a text by itself is taken
    // for the reason. A text that is too long is cut and sent again, a few times. Anything else is the jobs' error.
    void reject(const Batch& batch, const Error& error, const endpoints::BatchLimits& limits = {},
                bool jobs_pay = true);
    // Gives back every job that waits for queued texts of a provider, without counting an attempt.
    void release_queued(const Sha256& fingerprint, const std::string& reason);
    // From now on, until `accept`, whatever is queued for the provider goes back at once, as by `release_queued`.
    void turn_away(const Sha256& fingerprint, const std::string& reason);
    void accept(const Sha256& fingerprint);
    // A call whose outcome comes neither to `answer` nor to `reject`.
    void count_call(bool failed) noexcept;
    // Puts a batch back as it was, to be sent first.
    void put_back(Batch batch);
    // The same in two parts, after a call that found no answer.
    void put_back_halves(const Batch& batch);
    [[nodiscard]] std::size_t queued(const Sha256& fingerprint) const;
    // Each text that is stored though it was cut, as a sentence for the log; given once.
    [[nodiscard]] std::vector<std::string> take_cut_notes() { return std::exchange(cut_notes_, {}); }

    // --- commits. `random` in [0, 1) spreads the delays of retries.
    [[nodiscard]] CommitWork collect(double random);
    // What the store said of each report of a collected commit.
    void committed(const CommitWork& work, const std::vector<bool>& kept);
    [[nodiscard]] std::size_t ready_vectors() const noexcept { return ready_vectors_; }
    [[nodiscard]] bool has_ready() const noexcept { return !dirty_.empty(); }

    // At a stop: everything not yet sent goes back; calls in flight still count.
    void release_all_queued(const std::string& reason);
    // After the last call: whatever is still held goes back.
    void release_all(const std::string& reason);

    [[nodiscard]] std::size_t texts() const noexcept { return live_texts_; }
    // Of a provider.
    [[nodiscard]] std::size_t texts(const Sha256& fingerprint) const;
    [[nodiscard]] std::size_t bytes() const noexcept { return live_bytes_; }
    [[nodiscard]] std::size_t jobs() const noexcept { return jobs_.size(); }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

private:
    struct HeldJob {
        ClaimedJob claimed;
        std::int64_t cursor = -1;
        bool more = true;
        bool replanned = false;  // the next page has been asked for
        std::size_t outstanding = 0;
        std::size_t stored = 0;  // vectors of this attempt
        std::vector<TextPtr> ready;
        std::size_t refusals = 0;
        std::string first_refusal;
        std::optional<Error> error;
        bool released = false;
        std::string release_reason;
        bool finishing = false;  // its outcome is on the way to the store
    };
    struct TextKey {
        Sha256 profile_id;
        Sha256 text_hash;
        bool operator==(const TextKey&) const = default;
    };
    struct TextKeyHash {
        std::size_t operator()(const TextKey& key) const noexcept;
    };
    struct Queue {
        std::deque<Batch> batches;  // to be sent as they are, first
        std::deque<TextPtr> texts;
        // Of them, the first: what waits for a write goes before what waits for the background's jobs.
        std::size_t urgent = 0;
        std::size_t size = 0;  // texts in both
    };

    void settle(const TextPtr& text, const std::optional<Error>& error);
    void drop_if_unwanted(const TextPtr& text);
    [[nodiscard]] bool wanted(const Text& text) const;
    void forget(const TextPtr& text);
    void touch(HoldId hold, const HeldJob& job);
    void release_queue(Queue& queue, const std::string& reason);
    void requeue_parts(const Batch& batch, std::size_t size);
    void requeue_halves(const Batch& batch);
    // Puts a batch behind the other prepared ones, and a probe's text behind all texts: what it holds may be why nobody
    // answers.
    void put_behind(Batch batch);
    // Puts texts in front of those that are not in batches yet.
    void put_back_texts(const Sha256& fingerprint, std::vector<TextPtr> texts);
    // What is set aside in the batch's search goes back to the queue; the search is over.
    void give_up_search(const Batch& batch);
    [[nodiscard]] std::optional<Batch> take_prepared(Queue& queue, const endpoints::BatchLimits& limits, bool probe);
    void fill(Batch& batch, Queue& queue, const endpoints::BatchLimits& limits, std::size_t most);
    void refuse(const TextPtr& text, const Error& error);
    void search_on_after_answer(const Batch& batch);
    void search_on_after_refusal(const Batch& batch, const Error& error);
    void send_half(const Sha256& fingerprint, std::vector<TextPtr> suspects, std::shared_ptr<Search> search);
    // Cuts the text once more, if it may be.
    [[nodiscard]] static bool cut(Text& text, const Error& error, const endpoints::BatchLimits& limits);
    // Cuts what of the batch is too long by what the provider said; false where it cannot be told.
    [[nodiscard]] static bool cut_known(const Batch& batch, const Error& error, const endpoints::BatchLimits& limits);
    void release_if_turned_away(const Sha256& fingerprint, Queue& queue);
    [[nodiscard]] bool done(const HeldJob& job) const noexcept;
    // The end of a text on the workbench: stored, or dropped with its lease.
    void close(const TextPtr& text, bool kept, std::uint64_t& counter);
    void conclude(HeldJob& job, JobReport& report, double random);

    const SchedulerSettings settings_;
    std::map<HoldId, HeldJob> jobs_;
    std::unordered_map<TextKey, TextPtr, TextKeyHash> texts_;
    // Committed while pages were being read, and as of when.
    std::unordered_map<TextKey, Time, TextKeyHash> just_settled_;
    bool planning_ = false;
    std::map<Sha256, Queue> queues_;
    std::map<Sha256, std::string> turned_away_;  // with the reason
    std::set<HoldId> dirty_;                     // with something to report
    HoldId last_hold_ = 0;
    std::size_t ready_vectors_ = 0;
    std::size_t live_texts_ = 0;                   // queued, in flight, or waiting for their commit
    std::map<Sha256, std::size_t> live_texts_of_;  // by fingerprint
    std::size_t live_bytes_ = 0;
    std::vector<std::string> cut_notes_;
    Counters counters_;
};

}  // namespace embedq::scheduler

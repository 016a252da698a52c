// What the work queue hands out and takes back: texts, the batches that go to providers, and the commits that go to the
// store. Plain values, guarded by the scheduler's mutex until they are handed out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/commit.h"

namespace embedq::scheduler {

// One claim of one job by this process. A job that is lost and claimed again gets a new id.
using HoldId = std::uint64_t;

// Why this process lost the lease of a job.
enum class LossReason : std::uint8_t { lease_over, no_heartbeat, not_committed };

struct LostJob {
    JobId id = 0;
    std::string catalog_id;
    std::string spec_name;
    LossReason reason = LossReason::lease_over;
};

// How an attempt at a job ended, as this process reported it and the store kept it.
struct EndedJob {
    JobId id = 0;
    std::string catalog_id;
    std::string spec_name;
    Sha256 fingerprint{};
    JobOutcome outcome = JobOutcome::succeeded;  // `retry` only where attempts are left
    std::uint32_t attempt = 1;
    std::size_t texts = 0;  // vectors that it stored
    std::string reason;     // why it did not succeed
    std::chrono::steady_clock::duration took{0};
};

// A text on its way to a vector or a refusal.
struct Text {
    Sha256 fingerprint{};
    Sha256 profile_id{};
    Sha256 text_hash{};
    Time as_of{};
    std::chrono::steady_clock::time_point here_since;
    std::string operation_id;  // of the first job's operation, for messages
    std::string text;          // emptied when the text leaves the queue
    std::size_t bytes = 0;     // the size that `text` had
    std::size_t cut_to = 0;    // how many of them are sent, where the text had to be cut; 0: all
    std::size_t cuts = 0;      // how often it was cut after a refusal
    bool refused_once = false;
    std::size_t failures = 0;  // each while a control was answered
    bool lost = false;         // a call with it was
    bool alone = false;        // goes in a batch of its own: a whole call failed because of it
    // Of a text that is tried cut because it was refused whole, though not plainly for its length.
    std::string whole_refusal;  // the reason
    std::size_t other_cut_to =
        0;  // `cut_to` of the whole text while it is cut; of the cut one when it goes whole again
    std::vector<float> cut_values;  // the answer to the cut text, while it goes whole again
    std::vector<HoldId> waiters;
    // The outcome; neither is set while the text is queued or in flight.
    std::vector<float> values;
    std::optional<std::string> refusal;
    [[nodiscard]] bool settled() const noexcept { return !values.empty() || refusal.has_value(); }
    [[nodiscard]] std::string_view sent() const noexcept {
        return std::string_view(text).substr(0, cut_to > 0 ? cut_to : text.size());
    }
};
using TextPtr = std::shared_ptr<Text>;

// The state of isolating a refused text by halving. The batch under way is one half of the texts that hold it.
struct Isolation {
    std::vector<TextPtr> other_half;
    std::vector<TextPtr> set_aside;  // not sent while a smaller batch is known to hold a refused text; perhaps fine
    bool past_first_half = false;    // the first half of the first refused batch has returned
};

// One request to a provider.
struct Batch {
    Sha256 fingerprint{};
    std::vector<TextPtr> texts;
    std::shared_ptr<Isolation> isolation = nullptr;
    std::size_t throttled = 0;  // times in a row
    bool pays = false;          // if it is throttled: a part of what was, while a sample was answered
    // Without prefixes.
    [[nodiscard]] std::size_t bytes() const noexcept;
};

// What became of a job's report.
enum class Kept : std::uint8_t { yes, lease_over, refused };

// A commit for the store, with the texts that its spans point into.
struct CommitWork {
    Commit commit;
    std::vector<TextPtr> vector_texts;   // one per vector
    std::vector<TextPtr> refusal_texts;  // one per refusal
    std::vector<HoldId> holds;           // one per report
    [[nodiscard]] bool empty() const noexcept { return commit.jobs.empty(); }
};

}  // namespace embedq::scheduler

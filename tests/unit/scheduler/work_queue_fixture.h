// A work queue with jobs of numbered texts, and a provider that is a function.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "embedq/commit.h"
#include "scheduler/work_queue.h"

namespace embedq::scheduler {

class WorkQueueTest : public testing::Test {
protected:
    static constexpr std::size_t dimension = 2;
    static constexpr Time as_of{std::chrono::seconds(50)};

    static Sha256 digest(int n) {
        Sha256 value{};
        value[0] = static_cast<std::byte>(n & 0xFF);
        value[1] = static_cast<std::byte>(n >> 8);
        return value;
    }
    const Sha256 fingerprint = digest(60'000);

    HoldId job(JobId id, std::uint32_t attempts = 0, std::uint32_t expiries = 0, JobKind kind = JobKind::spec_write) {
        ClaimedJob claimed;
        claimed.kind = kind;
        claimed.ref.id = id;
        claimed.catalog_id = "c";
        claimed.spec_name = "s" + std::to_string(id);
        claimed.fingerprint = fingerprint;
        claimed.attempts = attempts;
        claimed.expiries = expiries;
        return queue.add(claimed);
    }
    MissingTexts page(const std::vector<std::string>& texts, int first = 0) {
        MissingTexts missing;
        missing.profile_id = fingerprint;
        missing.as_of = as_of;
        for (const std::string& text : texts) {
            missing.texts.push_back({first, "op" + std::to_string(first), digest(first), text});
            ++first;
        }
        return missing;
    }
    MissingTexts texts(int first, int count, bool more = false) {
        std::vector<std::string> lines;
        for (int i = first; i < first + count; ++i) lines.push_back("text " + std::to_string(i));
        MissingTexts missing = page(lines, first);
        missing.more = more;
        return missing;
    }
    static EmbedResult rows(const Batch& batch) {
        EmbedResult result;
        result.dimension = dimension;
        result.matrix.assign(batch.texts.size() * dimension, 1.0F);
        return result;
    }
    // A provider's error for a batch; nothing if it answers.
    using Provider = std::function<std::optional<Error>(const Batch&)>;
    // Takes and answers batches until none is queued. Returns the number of calls.
    int drain_queued(const Provider& provider) {
        int calls = 0;
        while (auto batch = queue.take(fingerprint, limits)) {
            ++calls;
            if (const auto error = provider(*batch))
                queue.batch_failed(*batch, *error, {limits, now});
            else
                queue.batch_answered(*batch, rows(*batch), {limits, now});
        }
        return calls;
    }
    // Likewise, and also asks for refused texts once more.
    int drain_with(const Provider& provider) {
        int calls = drain_queued(provider);
        while (const auto due = queue.due_again_at(fingerprint)) {
            now = *due;
            queue.queue_due_again(fingerprint, now);
            calls += drain_queued(provider);
        }
        return calls;
    }
    // A batch with the poisoned text is refused as a whole.
    int drain(std::string_view poison = {}, ErrorKind kind = ErrorKind::invalid_input) {
        return drain_with([&](const Batch& batch) -> std::optional<Error> {
            for (const TextPtr& text : batch.texts) {
                if (!poison.empty() && text->text == poison) return Error{kind, "cannot take this"};
            }
            return std::nullopt;
        });
    }
    // Collects and keeps everything. Returns the reports by job id.
    std::map<JobId, JobReport> commit() {
        std::map<JobId, JobReport> reports;
        const CommitWork work = queue.collect(0.5);
        written.clear();
        for (const VectorWrite& write : work.commit.vectors) written[write.text_hash] = write.cut_to;
        queue.committed(work, std::vector<Kept>(work.commit.jobs.size(), Kept::yes));
        for (const JobReport& report : work.commit.jobs) reports[report.job.id] = report;
        return reports;
    }

    SchedulerSettings settings;
    WorkQueue queue{settings};
    endpoints::BatchLimits limits{.max_inputs = 64};
    WorkQueue::Steady now{std::chrono::seconds(1'000)};
    std::map<Sha256, std::uint32_t> written;  // the vectors of the last commit, and `cut_to` of each
};

}  // namespace embedq::scheduler

#include "cli/present.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

SpecStatus status_of(std::size_t operations, std::size_t embedded, std::optional<JobStatus> job = std::nullopt,
                     std::uint32_t attempts = 0) {
    SpecStatus status{"spec", operations, embedded, 0, std::nullopt};
    if (job) {
        status.job.emplace();
        status.job->status = *job;
        status.job->attempts = attempts;
    }
    return status;
}

TEST(Badge, FollowsTheOrderOfDecision) {
    EXPECT_EQ(badge_of(status_of(12, 12, JobStatus::succeeded)).text, "12/12 indexed");
    EXPECT_EQ(badge_of(status_of(12, 12)).text, "12/12 indexed");
    EXPECT_EQ(badge_of(status_of(12, 12, JobStatus::running)).text, "running 12/12");
    EXPECT_EQ(badge_of(status_of(12, 3, JobStatus::running)).text, "running 3/12");
    EXPECT_EQ(badge_of(status_of(12, 3, JobStatus::pending)).text, "pending");
    EXPECT_EQ(badge_of(status_of(12, 3, JobStatus::pending, 1)).text, "pending (1 attempt)");
    EXPECT_EQ(badge_of(status_of(12, 3, JobStatus::pending, 2)).text, "pending (2 attempts)");
    EXPECT_EQ(badge_of(status_of(12, 12, JobStatus::failed)).text, "failed");
    EXPECT_EQ(badge_of(status_of(0, 0, JobStatus::succeeded)).text, "indexed, no operations");
    EXPECT_EQ(badge_of(status_of(0, 0)).text, "indexed, no operations");
    EXPECT_EQ(badge_of(status_of(12, 3, JobStatus::succeeded)).text, "not indexed");
    EXPECT_EQ(badge_of(status_of(12, 3)).text, "not indexed");
}

TEST(Badge, ACancelledJobDoesNotHideTheVectors) {
    EXPECT_EQ(badge_of(status_of(4, 4, JobStatus::cancelled)).text, "4/4 indexed");
    EXPECT_EQ(badge_of(status_of(4, 1, JobStatus::cancelled)).text, "not indexed");
}

TEST(Badge, NeverShowsMoreThanTheTotal) {
    SpecStatus status = status_of(3, 1, JobStatus::running);
    status.job->embedded_so_far = 9;
    EXPECT_EQ(badge_of(status).text, "running 3/3");
}

TEST(Rollup, SaysAllOnlyWhenNothingIsLeft) {
    CatalogHealth health{"c", 5, 5, 0, 0, 0, 10, 10};
    EXPECT_EQ(rollup_of(health), "All 5 specs indexed");
    health = {"c", 1'500, 1'200, 100, 90, 80, 10, 4};
    EXPECT_EQ(rollup_of(health), "1,200/1,500 specs indexed (90 running, 100 pending, 80 failed, 30 not indexed)");
    EXPECT_EQ(rollup_of(CatalogHealth{}), "No specs");
}

// The states of the specs of a catalog, each as its newest job and its texts have it.
TEST(States, AreDisjointAndSumToTheTotalInEveryView) {
    std::map<SpecState, std::size_t> counts;
    std::size_t total = 0;
    for (const auto job :
         std::vector<std::optional<JobStatus>>{std::nullopt, JobStatus::pending, JobStatus::running,
                                               JobStatus::succeeded, JobStatus::failed, JobStatus::cancelled}) {
        for (const std::size_t embedded : {0U, 1U, 2U}) {
            for (const std::size_t refused : {0U, 1U}) {
                SpecStatus status = status_of(2, embedded, job);
                status.refused_count = refused;
                const SpecState state = state_of(status);
                ++counts[state];
                ++total;
                EXPECT_EQ(json_of(status)["state"], to_string(state));
                std::string word(to_string(state));
                std::ranges::replace(word, '_', ' ');
                EXPECT_NE(badge_of(status).text.find(word), std::string::npos) << badge_of(status).text;
            }
        }
    }
    EXPECT_EQ(counts[SpecState::failed], 6U) << "a failed spec is not indexed, whatever its texts are";
    CatalogHealth health{"c",
                         total,
                         counts[SpecState::indexed],
                         counts[SpecState::pending],
                         counts[SpecState::running],
                         counts[SpecState::failed],
                         0,
                         0};
    const Json json = json_of(health);
    std::size_t sum = 0;
    for (const auto& [state, count] : counts) {
        const std::string key = "specs_" + std::string(to_string(state));
        EXPECT_EQ(json.at(key), count) << key;
        sum += json.at(key).get<std::size_t>();
    }
    EXPECT_EQ(sum, json.at("specs_total"));
}

TEST(Text, TimesDurationsAndCounts) {
    EXPECT_EQ(time_of(Time{}), "");
    EXPECT_EQ(time_of(Time{std::chrono::microseconds(1'700'000'000'999'999)}), "2023-11-14T22:13:20Z");
    EXPECT_EQ(duration_of(milliseconds(3'240)), "3.2 s");
    EXPECT_EQ(duration_of(milliseconds(245'000)), "4m 05s");
    EXPECT_EQ(duration_of(milliseconds(7'800'000)), "2h 10m");
    EXPECT_EQ(count_of(0), "0");
    EXPECT_EQ(count_of(999), "999");
    EXPECT_EQ(count_of(1'000), "1,000");
    EXPECT_EQ(count_of(125'207'000), "125,207,000");
}

TEST(Text, OneIsSingular) {
    EXPECT_EQ(counted(0, "job"), "0 jobs");
    EXPECT_EQ(counted(1, "job"), "1 job");
    EXPECT_EQ(counted(1'000, "job"), "1,000 jobs");
    EXPECT_EQ(counted(1, "try", "tries"), "1 try");
    EXPECT_EQ(counted(2, "try", "tries"), "2 tries");
}

TEST(Text, Durations) {
    EXPECT_EQ(parse_duration("14d"), milliseconds(14LL * 86'400'000));
    EXPECT_EQ(parse_duration("0s"), milliseconds(0));
    EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
    for (const char* wrong : {"", "d", "14", "-1d", "1.5h", "14 d", "99999999999999d", "1y"})
        EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(JsonOf, JobLeavesOutWhatIsZero) {
    Job job;
    job.id = 7;
    job.catalog_id = "c";
    job.spec_name = "s";
    EXPECT_EQ(dump(json_of(job)),
              R"({"id":7,"catalog_id":"c","spec_name":"s","kind":"spec_write","status":"pending","attempts":0})");
    job.last_error = "down";
    job.worker_id = "w";
    job.next_run_at = job.created_at = Time{std::chrono::seconds(1)};
    EXPECT_EQ(dump(json_of(job)),
              R"({"id":7,"catalog_id":"c","spec_name":"s","kind":"spec_write","status":"pending","attempts":0,)"
              R"("last_error":"down","worker_id":"w",)"
              R"("next_run_at":"1970-01-01T00:00:01Z","created_at":"1970-01-01T00:00:01Z"})");
}

TEST(JsonOf, AnEndedJobHasTheAttemptsThatItTook) {
    const auto attempts = [](JobStatus status, std::uint32_t failed) {
        Job job;
        job.status = status;
        job.attempts = failed;
        EXPECT_EQ(json_of(job)["attempts"], attempts_of(job));
        return attempts_of(job);
    };
    EXPECT_EQ(attempts(JobStatus::succeeded, 0), 1U);
    EXPECT_EQ(attempts(JobStatus::succeeded, 2), 3U);
    EXPECT_EQ(attempts(JobStatus::failed, 0), 1U) << "it was refused";
    EXPECT_EQ(attempts(JobStatus::failed, 5), 5U);
    EXPECT_EQ(attempts(JobStatus::pending, 2), 2U);
    EXPECT_EQ(attempts(JobStatus::running, 2), 2U);
    EXPECT_EQ(attempts(JobStatus::cancelled, 0), 0U);
}

TEST(JsonOf, StatusHasTheFieldsOfEmbeddingStatus) {
    SpecStatus status = status_of(4, 2, JobStatus::running, 1);
    status.job->embedded_so_far = 1;
    status.job->last_error = "slow";
    status.job->created_at = Time{std::chrono::seconds(1)};
    status.job->started_at = Time{std::chrono::seconds(61)};
    EXPECT_EQ(
        dump(json_of(status)),
        R"({"spec_name":"spec","state":"running","operation_count":4,"embedding_count":2,"embedded_so_far":1,"job_status":"running",)"
        R"("job_attempts":1,)"
        R"("job_last_error":"slow","job_updated_at":"1970-01-01T00:01:01Z","badge":"running 2/4"})");
}

TEST(JsonOf, BytesThatAreNotUtf8DoNotThrow) {
    Job job;
    job.last_error = "\xff\xfe";
    EXPECT_NE(dump(json_of(job)).find("last_error"), std::string::npos);
}

}  // namespace
}  // namespace embedq::cli

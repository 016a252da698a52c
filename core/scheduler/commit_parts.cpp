#include "scheduler/commit_parts.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>

namespace embedq::scheduler {
namespace {

// Copies what `places` name, each once, and makes them name the copies.
template <class Row>
void take_over(const std::vector<Row>& from, std::vector<Row>& to, std::map<std::uint32_t, std::uint32_t>& taken,
               std::vector<std::uint32_t>& places) {
    for (std::uint32_t& place : places) {
        const auto [entry, first] = taken.try_emplace(place, static_cast<std::uint32_t>(to.size()));
        if (first) to.push_back(from[place]);
        place = entry->second;
    }
}

[[nodiscard]] CommitPart part_of(const CommitPart& part, std::vector<JobReport> reports,
                                 std::vector<std::size_t> places) {
    CommitPart made{.commit = {.vectors = {}, .refusals = {}, .jobs = {}, .max_attempts = part.commit.max_attempts},
                    .reports = std::move(places)};
    std::map<std::uint32_t, std::uint32_t> vectors;
    std::map<std::uint32_t, std::uint32_t> refusals;
    for (JobReport& report : reports) {
        take_over(part.commit.vectors, made.commit.vectors, vectors, report.vectors);
        take_over(part.commit.refusals, made.commit.refusals, refusals, report.refusals);
        made.commit.jobs.push_back(std::move(report));
    }
    return made;
}

[[nodiscard]] std::optional<std::pair<CommitPart, CommitPart>> halves_of_job(const CommitPart& part) {
    const JobReport& report = part.commit.jobs.front();
    const std::size_t results = report.vectors.size() + report.refusals.size();
    if (results < 2) return std::nullopt;
    JobReport first;
    first.job = report.job;
    JobReport second = report;
    const auto move_half = [](std::vector<std::uint32_t>& from, std::vector<std::uint32_t>& to, std::size_t count) {
        const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(count, from.size()));
        to.assign(from.begin(), end);
        from.erase(from.begin(), end);
    };
    move_half(second.vectors, first.vectors, results / 2);
    move_half(second.refusals, first.refusals, results / 2 - first.vectors.size());
    return std::pair{part_of(part, {std::move(first)}, part.reports), part_of(part, {std::move(second)}, part.reports)};
}

}  // namespace

CommitPart whole(const Commit& commit) {
    CommitPart part{.commit = commit, .reports = {}};
    for (std::size_t i = 0; i < commit.jobs.size(); ++i) part.reports.push_back(i);
    return part;
}

std::optional<std::pair<CommitPart, CommitPart>> halves(const CommitPart& part) {
    const auto& jobs = part.commit.jobs;
    if (jobs.empty()) return std::nullopt;
    if (jobs.size() == 1) return halves_of_job(part);
    const auto middle = static_cast<std::ptrdiff_t>(jobs.size() / 2);
    const auto range = [&](auto from, auto to) {
        return part_of(part, {jobs.begin() + from, jobs.begin() + to},
                       {part.reports.begin() + from, part.reports.begin() + to});
    };
    return std::pair{range(std::ptrdiff_t{0}, middle), range(middle, static_cast<std::ptrdiff_t>(jobs.size()))};
}

}  // namespace embedq::scheduler

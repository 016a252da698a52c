// What the scheduler itself costs per text, without store, provider and threads.
//
// Workloads:
//   texts/B     8 jobs of 64 texts each, from plan through take, batch_answered and collect to committed, in batches of
//               B; items are texts
//   shared      the same when all 8 jobs wait for the same 64 texts; items are texts of jobs
//   poisoned/B  a batch of B texts of which one is refused: it is isolated by halving, and all others are answered;
//               items are texts, `calls` is the number of requests to the provider
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "catalog/hash.h"
#include "scheduler/work_queue.h"
#include "synthetic.h"

namespace embedq::bench {
namespace {

using namespace scheduler;

constexpr std::size_t dimension = 512;
constexpr std::size_t jobs = 8;
constexpr std::size_t texts_per_job = 64;
const Sha256 fingerprint = catalog::sha256("benchmark");

MissingTexts page_of(std::span<const Operation> operations) {
    MissingTexts page;
    page.profile_id = fingerprint;
    page.as_of = Time(std::chrono::seconds(1));
    std::int64_t position = 0;
    for (const Operation& operation : operations) {
        page.texts.push_back({position++, operation.operation_id, operation.text_hash, operation.text});
    }
    return page;
}

ClaimedJob claimed(JobId id) {
    ClaimedJob job;
    job.ref.id = id;
    job.catalog_id = "catalog";
    job.spec_name = "spec-" + std::to_string(id);
    job.fingerprint = fingerprint;
    return job;
}

EmbedResult rows(std::size_t count) {
    EmbedResult result;
    result.dimension = dimension;
    result.matrix.assign(count * dimension, 0.5F);
    return result;
}

void commit_all(WorkQueue& queue) {
    const CommitWork work = queue.collect(0.5);
    queue.committed(work, std::vector<Kept>(work.commit.jobs.size(), Kept::yes));
}

void check_done(benchmark::State& state, const WorkQueue& queue) {
    if (queue.texts() != 0 || queue.jobs() != 0) state.SkipWithError("texts or jobs are left in the work queue");
}

// Pages are copied and answers are made outside the measured time, since the store and the provider do that.
void settle(benchmark::State& state, std::size_t inputs, std::size_t distinct) {
    const auto operations = make_operations(distinct, 6);
    const std::size_t per_page = texts_per_job;
    const SchedulerSettings settings;
    WorkQueue queue(settings);
    JobId id = 0;
    for (auto _ : state) {
        state.PauseTiming();
        std::vector<MissingTexts> pages;
        pages.reserve(jobs);
        for (std::size_t job = 0; job < jobs; ++job) {
            pages.push_back(page_of(std::span(operations).subspan(job * per_page % distinct, per_page)));
        }
        std::vector<EmbedResult> answers;
        for (std::size_t left = distinct; left > 0; left -= std::min(left, inputs))
            answers.push_back(rows(std::min(left, inputs)));
        state.ResumeTiming();
        for (MissingTexts& page : pages) queue.plan(queue.add(claimed(++id)), std::move(page));
        std::size_t answered = 0;
        while (const auto batch = queue.take(fingerprint, {.max_inputs = inputs})) {
            queue.batch_answered(*batch, std::move(answers.at(answered++)));
        }
        commit_all(queue);
    }
    check_done(state, queue);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(jobs * texts_per_job));
}

void texts(benchmark::State& state) {
    settle(state, static_cast<std::size_t>(state.range(0)), jobs * texts_per_job);
}

void shared(benchmark::State& state) {
    settle(state, texts_per_job, texts_per_job);
}

void poisoned(benchmark::State& state) {
    const auto inputs = static_cast<std::size_t>(state.range(0));
    const auto operations = make_operations(inputs, 7);
    const std::string& poison = operations[inputs / 3].text;
    const Error refusal{ErrorKind::invalid_input, "the provider cannot take this"};
    SchedulerSettings settings;
    settings.ask_again = std::chrono::milliseconds(0);
    WorkQueue queue(settings);
    JobId id = 0;
    std::size_t calls = 0;
    for (auto _ : state) {
        state.PauseTiming();
        MissingTexts page = page_of(operations);
        std::multimap<std::size_t, EmbedResult> answers;  // halving answers one batch of each size
        for (std::size_t size = 1; size < inputs; size *= 2) answers.emplace(size, rows(size));
        state.ResumeTiming();
        queue.plan(queue.add(claimed(++id)), std::move(page));
        while (const auto batch = queue.take(fingerprint, {.max_inputs = inputs})) {
            ++calls;
            const auto is_poison = [&](const TextPtr& text) { return text->text == poison; };
            if (std::ranges::any_of(batch->texts, is_poison)) {
                queue.batch_failed(*batch, refusal);
                queue.queue_due_again(fingerprint, {});
                continue;
            }
            const auto answer = answers.find(batch->texts.size());
            if (answer == answers.end()) {
                state.SkipWithError("a batch was not halved");
                return;
            }
            queue.batch_answered(*batch, std::move(answer->second));
            answers.erase(answer);
        }
        commit_all(queue);
    }
    check_done(state, queue);
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["calls"] = benchmark::Counter(static_cast<double>(calls), benchmark::Counter::kAvgIterations);
}

BENCHMARK(texts)->Arg(1)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK(shared)->Unit(benchmark::kMicrosecond);
BENCHMARK(poisoned)->Arg(64)->Arg(512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace embedq::bench

BENCHMARK_MAIN();

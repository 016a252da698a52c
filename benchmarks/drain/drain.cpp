// Claims and completes jobs with nothing to embed until none is left: measures what the queue itself costs, through the
// store's interface as in production.
//
// usage: drain CONFIG CONNECTIONS BATCH
//
// Prints the number of jobs done and the seconds from the first claim to the last commit. run.py enqueues the jobs, and
// also measures the lower bound: the same with bare SQL.
#include <atomic>
#include <barrier>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "micro/opened_store.h"

namespace embedq::bench {
namespace {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(to_string(result.error()));
    return std::move(*result);
}

std::size_t drain(Store& store, std::size_t batch, const std::string& worker) {
    ClaimRequest request;
    request.worker_id = worker;
    Sha256 fingerprint;
    fingerprint.fill(std::byte{1});  // run.py's profile
    request.fingerprints = {fingerprint};
    request.max_jobs = batch;
    request.max_texts = batch;
    std::size_t done = 0;
    while (true) {
        const auto jobs = must(store.claim(request));
        if (jobs.empty()) return done;
        Commit commit;
        for (const ClaimedJob& job : jobs) {
            commit.jobs.push_back(
                {.job = job.ref, .outcome = JobOutcome::succeeded, .error = {}, .vectors = {}, .refusals = {}});
        }
        for (const bool held : must(store.commit(commit))) done += held ? 1U : 0U;
    }
}

int run(const std::string& config, std::size_t connections, std::size_t batch) {
    const auto opened = must(OpenedStore::open(config));
    Store& store = opened->store();
    // The connections are opened before the clock starts.
    std::barrier ready(static_cast<std::ptrdiff_t>(connections) + 1);
    std::atomic<std::size_t> done{0};
    std::atomic<bool> failed{false};
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < connections; ++i) {
        threads.emplace_back([&, i] {
            try {
                (void)must(store.workers());
                ready.arrive_and_wait();
                done += drain(store, batch, "drain-" + std::to_string(i));
            } catch (const std::exception& caught) {
                std::fprintf(stderr, "drain: %s\n", caught.what());
                failed = true;
            }
        });
    }
    ready.arrive_and_wait();
    const auto started = std::chrono::steady_clock::now();
    threads.clear();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    std::printf("%zu %.3f\n", done.load(), seconds.count());
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

std::size_t number(const char* text) {
    return std::strtoull(text, nullptr, 10);
}

}  // namespace
}  // namespace embedq::bench

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: drain CONFIG CONNECTIONS BATCH\n");
        return 2;
    }
    try {
        return embedq::bench::run(argv[1], embedq::bench::number(argv[2]), embedq::bench::number(argv[3]));
    } catch (const std::exception& caught) {
        std::fprintf(stderr, "drain: %s\n", caught.what());
        return EXIT_FAILURE;
    }
}

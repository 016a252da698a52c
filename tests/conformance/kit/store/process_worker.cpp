// What a child process of the kit does. It reads commands from standard input, and writes its results to standard
// output:
//
//   migrate                         brings the schema up to date:
//                                   "migrated" or "failed REASON"
//   work LEASE_MS SEED DIE_IN_1000  claims and embeds until its input ends; each step kills it with that chance:
//                                   "done JOB" for each job it finished
//   hold LEASE_MS                   claims one job; on the next line makes and commits it:
//                                   "held JOB", then "kept" or "lost"
//   reserve CALLS                   reserves a stretch of `process_stretch` for each call:
//                                   "starts MICROSECONDS" for each
//   write SEED SPECS VERSIONS       writes documents, each with all its texts of one version:
//                                   "wrote SPEC VERSION" for each
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <random>
#include <sstream>
#include <string>

#include "kit.h"
#include "process_kit_shared.h"

namespace embedq::conformance {
namespace {

void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

bool input_ended() {
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLHUP) != 0;
}

// A place where the process may die, as if the power went.
class Fate {
public:
    Fate(std::uint64_t seed, int die_in_1000) : random_(seed), die_in_1000_(die_in_1000) {}
    void strike() {
        if (std::uniform_int_distribution<int>(0, 999)(random_) < die_in_1000_) ::raise(SIGKILL);
    }

private:
    std::mt19937_64 random_;
    const int die_in_1000_;
};

ClaimRequest claim_request(std::chrono::milliseconds lease, std::size_t max_jobs) {
    ClaimRequest request;
    request.worker_id = "kit-" + std::to_string(::getpid());
    request.fingerprints = {process_profile().fingerprint};
    request.max_jobs = max_jobs;
    request.max_texts = 1000;
    request.lease = lease;
    request.allow_suspect = true;
    return request;
}

// Commits a page at a time: all but the last as progress.
bool embed(Store& store, const JobRef& job, Fate& fate) {
    constexpr std::size_t page_texts = 3;
    MissingQuery query{job};
    query.max_texts = page_texts;
    while (true) {
        const auto pages = patiently([&] { return store.missing_texts({&query, 1}); });
        fate.strike();
        if (!pages.at(0)) return false;
        const bool last = !pages[0]->more;
        Delivery delivery;
        const auto report = delivery.report(job, last ? JobOutcome::succeeded : JobOutcome::progress);
        delivery.vectors(report, *pages[0], process_profile().dimension);
        delivery.commit().max_attempts = process_max_attempts;
        fate.strike();
        if (!patiently([&] { return store.commit(delivery.commit()); }).at(0)) return false;
        fate.strike();
        if (last) return true;
        query.after_position = pages[0]->texts.back().position;
    }
}

int work(Store& store, std::istream& words) {
    int lease = 0;
    std::uint64_t seed = 0;
    int die_in_1000 = 0;
    words >> lease >> seed >> die_in_1000;
    Fate fate(seed, die_in_1000);
    while (!input_ended()) {
        const auto jobs = patiently([&] { return store.claim(claim_request(std::chrono::milliseconds(lease), 3)); });
        if (!jobs.empty()) fate.strike();
        for (const ClaimedJob& job : jobs) {
            if (embed(store, job.ref, fate)) say("done " + std::to_string(job.ref.id));
        }
        if (jobs.empty()) {
            // Waits a moment for the end of its input.
            pollfd waiting{STDIN_FILENO, POLLIN, 0};
            ::poll(&waiting, 1, 2);
        }
    }
    return 0;
}

int hold(Store& store, std::istream& words) {
    int lease = 0;
    words >> lease;
    const auto jobs = patiently([&] { return store.claim(claim_request(std::chrono::milliseconds(lease), 1)); });
    if (jobs.empty()) return 3;
    const auto pages = patiently([&] {
        const MissingQuery query{jobs[0].ref};
        return store.missing_texts({&query, 1});
    });
    say("held " + std::to_string(jobs[0].ref.id));
    std::string command;
    if (!std::getline(std::cin, command) || !pages.at(0)) return 3;
    Delivery delivery;
    // Vectors that no other worker makes, so that the case sees whether they are kept.
    const auto report = delivery.report(jobs[0].ref, JobOutcome::succeeded);
    delivery.vectors(report, *pages[0], process_profile().dimension, stale_salt);
    say(patiently([&] { return store.commit(delivery.commit()); }).at(0) ? "kept" : "lost");
    return 0;
}

int write(Store& store, std::istream& words) {
    std::uint64_t seed = 0;
    int specs = 0;
    int versions = 0;
    words >> seed >> specs >> versions;
    std::mt19937_64 random(seed);
    for (int version = 0; version < versions; ++version) {
        for (int spec = 0; spec < specs; ++spec) {
            const auto document =
                process_document(spec, std::to_string(seed) + "." + std::to_string(version), 2 + random() % 6);
            patiently([&] { return store.put_specs({&document, 1}); });
            say("wrote " + document.spec_name + " " + std::to_string(seed) + "." + std::to_string(version));
        }
    }
    return 0;
}

int reserve(Store& store, std::istream& words) {
    int calls = 0;
    words >> calls;
    for (int call = 0; call < calls; ++call) {
        const auto slots = patiently([&] { return store.reserve(std::vector{process_rate_limit()}); });
        say("starts " + std::to_string(slots.at(0).starts_in.count()));
    }
    return 0;
}

int migrate(Store& store) {
    const auto migrated = store.migrate();
    say(migrated ? "migrated" : "failed " + to_string(migrated.error()));
    return migrated ? 0 : 1;
}

}  // namespace

int run_store_process(Store& store) {
    std::string line;
    if (!std::getline(std::cin, line)) return 2;
    std::istringstream words(line);
    std::string role;
    words >> role;
    if (role == "migrate") return migrate(store);
    if (role == "work") return work(store, words);
    if (role == "hold") return hold(store, words);
    if (role == "write") return write(store, words);
    if (role == "reserve") return reserve(store, words);
    std::fprintf(stderr, "the kit's process does not know the command '%s'\n", line.c_str());
    return 2;
}

}  // namespace embedq::conformance

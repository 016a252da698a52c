// What holds while several threads work on one store. Each thread has its own instance if the store allows it.
#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "kit.h"

namespace embedq::conformance {
namespace {

using Body = std::function<void(Store&)>;

// Runs the bodies in parallel. An exception in one is a failure of the case, not the end of the program.
void in_parallel(Kit& kit, const std::vector<Body>& bodies) {
    std::vector<std::shared_ptr<Store>> stores;
    for (std::size_t i = 0; i < bodies.size(); ++i) stores.push_back(kit.another());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        threads.emplace_back([&body = bodies[i], &store = *stores[i]] {
            try {
                body(store);
            } catch (const std::exception& error) {
                ADD_FAILURE() << error.what();
            }
        });
    }
}

// One round of a worker: claims, makes what is missing, commits. Returns the ids of what it finished.
std::vector<JobId> work_once(Store& store, const ClaimRequest& request, std::size_t dimension) {
    const auto jobs = patiently([&] { return store.claim(request); });
    if (jobs.empty()) return {};
    std::vector<MissingQuery> queries;
    for (const auto& job : jobs) queries.push_back({job.ref});
    const auto pages = patiently([&] { return store.missing_texts(queries); });
    Delivery delivery;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto report = delivery.report(jobs[i].ref, JobOutcome::succeeded);
        if (pages[i]) delivery.vectors(report, *pages[i], dimension);
    }
    const auto kept = patiently([&] { return store.commit(delivery.commit()); });
    std::vector<JobId> finished;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (kept[i]) finished.push_back(jobs[i].ref.id);
    }
    return finished;
}

void claimers_never_share_a_job(Kit& kit) {
    constexpr std::size_t job_count = 1000;
    kit.catalog();
    std::vector<SpecWrite> writes;
    for (std::size_t i = 0; i < job_count; ++i)
        writes.push_back(document("s" + std::to_string(i), {"t" + std::to_string(i)}));
    must(kit.store().put_specs(writes));
    std::mutex mutex;
    std::vector<JobId> finished;
    std::vector<Body> bodies(4, [&](Store& store) {
        const auto request = kit.claim_request(7);
        for (auto mine = work_once(store, request, 4); !mine.empty(); mine = work_once(store, request, 4)) {
            const std::lock_guard lock(mutex);
            finished.insert(finished.end(), mine.begin(), mine.end());
        }
    });
    in_parallel(kit, bodies);
    EXPECT_EQ(finished.size(), job_count);
    EXPECT_EQ(std::set<JobId>(finished.begin(), finished.end()).size(), job_count);
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

// Each spec ends with vectors for what was written last, and has at most one pending job.
void expect_settled_after_work(Kit& kit, const std::vector<std::string>& names) {
    for (const auto& name : names) EXPECT_LE(kit.open_jobs(name, JobStatus::pending), 1U) << name;
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 0U);
}

void writes_and_commits_interleave(Kit& kit) {
    constexpr int version_count = 40;
    const std::vector<std::string> names{"a", "b", "c", "d"};
    kit.catalog();
    std::atomic<bool> written = false;
    std::vector<Body> bodies(2, [&](Store& store) {
        const auto request = kit.claim_request(2);
        while (!work_once(store, request, 4).empty() || !written) std::this_thread::yield();
    });
    bodies.emplace_back([&](Store& store) {
        for (int version = 0; version < version_count; ++version) {
            for (const auto& name : names) {
                const auto write =
                    document(name, {"shared " + std::to_string(version), name + " " + std::to_string(version)});
                patiently([&] { return store.put_specs({&write, 1}); });
            }
        }
        written = true;
    });
    in_parallel(kit, bodies);
    expect_settled_after_work(kit, names);
    std::map<std::string, std::string> last;
    must(kit.store().operations("shop", {}, [&](std::string_view spec, const Operation& operation) {
        last[std::string(spec)] = operation.text;
    }));
    for (const auto& name : names) EXPECT_EQ(last[name], name + " " + std::to_string(version_count - 1));
}

void two_writers_of_one_spec(Kit& kit) {
    constexpr std::uint64_t write_count = 50;
    kit.catalog();
    const auto writer = [](const std::string& prefix) -> Body {
        return [prefix](Store& store) {
            for (std::uint64_t i = 0; i < write_count; ++i) {
                const auto write = document("pets", {prefix + std::to_string(i)});
                patiently([&] { return store.put_specs({&write, 1}); });
            }
        };
    };
    in_parallel(kit, {writer("left "), writer("right ")});
    const auto info = must(kit.store().spec("shop", "pets"));
    EXPECT_EQ(info.generation, 2 * write_count) << "each write counts";
    EXPECT_EQ(info.operation_count, 1U);
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
    expect_settled_after_work(kit, {"pets"});
}

void maintenance_and_reading_disturb_no_work(Kit& kit) {
    const std::vector<std::string> names{"a", "b", "c"};
    kit.catalog();
    std::atomic<bool> written = false;
    std::vector<Body> bodies;
    bodies.emplace_back([&](Store& store) {
        const auto request = kit.claim_request(2);
        while (!work_once(store, request, 4).empty() || !written) std::this_thread::yield();
    });
    bodies.emplace_back([&](Store& store) {
        for (int version = 0; version < 30; ++version) {
            for (const auto& name : names) {
                const auto write = document(name, {name + std::to_string(version)});
                patiently([&] { return store.put_specs({&write, 1}); });
            }
            patiently(
                [&] { return store.delete_spec("shop", names[static_cast<std::size_t>(version) % names.size()]); });
        }
        written = true;
    });
    bodies.emplace_back([&](Store& store) {
        while (!written) {
            patiently([&] { return store.reap(5); });
            patiently([&] { return store.reconcile(""); });
            patiently([&] { return store.prune({}); });
            patiently([&] { return store.next_due({}); });
        }
    });
    bodies.emplace_back([&](Store& store) {
        std::uint64_t seen = 0;
        while (!written) {
            const auto changes = patiently([&] { return store.changes("shop", seen); });
            EXPECT_GE(changes.revision, seen) << "a revision never goes back";
            seen = changes.revision;
            patiently([&] { return store.health(""); });
            patiently([&] { return store.statuses("shop", {}); });
            patiently([&] { return store.jobs({}); });
        }
    });
    in_parallel(kit, bodies);
    expect_settled_after_work(kit, names);
}

// A text that loses its last operation is pruned; one that is written again at that moment must not be lost.
void pruning_keeps_texts_that_come_back(Kit& kit) {
    constexpr int round_count = 150;
    kit.catalog();
    std::atomic<bool> written = false;
    std::vector<Body> bodies;
    bodies.emplace_back([&](Store& store) {
        const auto write = document("a", {"same", "other"});
        for (int round = 0; round < round_count; ++round) {
            patiently([&] { return store.put_specs({&write, 1}); });
            std::size_t operations = 0;
            must(store.operations("shop", {}, [&](std::string_view, const Operation& operation) {
                operations += operation.text.empty() ? 0U : 1U;
            }));
            EXPECT_EQ(operations, write.operations.size()) << "round " << round;
            patiently([&] { return store.delete_spec("shop", "a"); });
        }
        written = true;
    });
    for (int pruner = 0; pruner < 2; ++pruner) {
        bodies.emplace_back([&](Store& store) {
            while (!written) patiently([&] { return store.prune({}); });
        });
    }
    in_parallel(kit, bodies);
}

// A process that stops: its store's calls end. Those of other processes go on.
void an_interrupted_instance_refuses_calls_and_others_work(Kit& kit) {
    kit.catalog();
    const auto other = kit.another();
    std::atomic<bool> refused = false;
    std::jthread caller([&] {
        for (int i = 0; i < 100'000 && !refused; ++i) refused = !kit.store().catalogs();
    });
    kit.store().interrupt();
    caller.join();
    expect_error(kit.store().catalogs(), ErrorKind::unavailable);
    expect_error(kit.store().put_catalog({.catalog_id = "refused"}), ErrorKind::unavailable);
    expect_error(kit.store().next_due({}), ErrorKind::unavailable);
    must(other->put_catalog({.catalog_id = "written"}));
    EXPECT_EQ(must(other->catalogs()).size(), 2U);
}

// A text that loses its last operation while it is embedded is settled all the same, and its vector stays.
void pruning_keeps_texts_that_are_settled(Kit& kit) {
    constexpr int round_count = 100;
    kit.catalog();
    std::atomic<bool> written = false;
    std::vector<Body> bodies;
    bodies.emplace_back([&](Store& store) {
        const auto put = [&](int round) {
            const auto write = document("a", {"text " + std::to_string(round)});
            patiently([&] { return store.put_specs({&write, 1}); });
        };
        put(0);
        for (int round = 0; round < round_count; ++round) {
            const auto jobs = patiently([&] { return store.claim(kit.claim_request()); });
            ASSERT_EQ(jobs.size(), 1U);
            const MissingQuery query{jobs[0].ref};
            const auto page = must(patiently([&] { return store.missing_texts({&query, 1}); }).at(0));
            ASSERT_EQ(page.texts.size(), 1U);
            put(round + 1);
            Delivery delivery;
            delivery.vectors(delivery.report(jobs[0].ref, JobOutcome::succeeded), page, 4);
            ASSERT_EQ(patiently([&] { return store.commit(delivery.commit()); }), std::vector{true});
            std::size_t found = 0;
            const auto count = [&](std::size_t, std::span<const float>) { ++found; };
            must(store.vectors(page.profile_id, {&page.texts[0].text_hash, 1}, count));
            EXPECT_EQ(found, 1U) << "round " << round;
        }
        written = true;
    });
    for (int pruner = 0; pruner < 2; ++pruner) {
        bodies.emplace_back([&](Store& store) {
            for (int most = 0; !written && most < 100'000; ++most) patiently([&] { return store.prune({}); });
        });
    }
    in_parallel(kit, bodies);
}

}  // namespace

std::vector<Case> thread_cases() {
    return {
        {"every_call_ends", "an_interrupted_instance_refuses_calls_and_others_work",
         an_interrupted_instance_refuses_calls_and_others_work, unless_multi_process},
        {"threads", "claimers_never_share_a_job", claimers_never_share_a_job},
        {"threads", "writes_and_commits_interleave", writes_and_commits_interleave},
        {"threads", "two_writers_of_one_spec", two_writers_of_one_spec},
        {"threads", "maintenance_and_reading_disturb_no_work", maintenance_and_reading_disturb_no_work},
        {"threads", "pruning_keeps_texts_that_come_back", pruning_keeps_texts_that_come_back},
        {"threads", "pruning_keeps_texts_that_are_settled", pruning_keeps_texts_that_are_settled},
    };
}

}  // namespace embedq::conformance

// Several processes on one file: migrating, working and dying in parallel. Children are forked before any thread is
// started, and end by _exit.
#include <signal.h>
#include <sys/wait.h>

#include <functional>
#include <map>
#include <set>

#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;

constexpr int done = 0;
constexpr int threw = 99;

pid_t in_child(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    int status = threw;
    try {
        status = work();
    } catch (const std::exception& caught) {
        std::fprintf(stderr, "child: %s\n", caught.what());
    }
    ::_exit(status);
}

int exit_status(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct Pipe {
    Pipe() {
        if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    }
    ~Pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    int ends[2] = {-1, -1};
};

// Everything that must hold for the file, whatever happened to the processes that wrote it.
void expect_sound(const std::string& path) {
    auto connection = raw(path);
    {
        sqlite::Run check(*connection, "PRAGMA integrity_check");
        ASSERT_TRUE(check.next());
        EXPECT_EQ(check.view(0), "ok");
    }
    EXPECT_FALSE(value_of(*connection, "SELECT 1 FROM pragma_foreign_key_check")) << "a reference points nowhere";
    EXPECT_EQ(value_of(*connection,
                       "SELECT count(*) FROM specs s WHERE operation_count <> (SELECT count(*) FROM operations o WHERE "
                       "o.spec = s.spec)"),
              0)
        << "write_and_enqueue_are_one: a spec without its operations";
    EXPECT_EQ(
        value_of(*connection,
                 "SELECT count(*) FROM specs s WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.spec = s.spec)"),
        0);
    // A spec without an open job has no gap, since nothing here failed or was cancelled.
    EXPECT_EQ(value_of(*connection,
                       "SELECT count(DISTINCT s.spec) FROM specs s JOIN operations o ON o.spec = s.spec"
                       " WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.text = o.text)"
                       " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.status < 2 AND j.spec_name = s.spec_name)"),
              0)
        << "write_and_enqueue_are_one: a spec with a gap without its job";
    EXPECT_EQ(
        value_of(
            *connection,
            "SELECT count(*) FROM jobs j JOIN specs s ON s.spec_name = j.spec_name JOIN operations o ON o.spec = s.spec"
            " WHERE j.status = 2 AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.text = o.text)"
            " AND NOT EXISTS (SELECT 1 FROM jobs n WHERE n.status < 2 AND n.spec_name = s.spec_name)"),
        0)
        << "an outcome without its vectors";
}

TEST(Processes, may_all_migrate_in_parallel) {
    for (int round = 0; round < 3; ++round) {
        Sandbox sandbox;
        std::vector<pid_t> children;
        for (int i = 0; i < 5; ++i) {
            children.push_back(in_child([&] {
                TestContext context("sqlite");
                auto store = open_store(sandbox.path(), context);
                must(store->migrate());
                must(store->put_catalog({"child-" + std::to_string(::getpid()), "", "", "", ""}));
                return done;
            }));
        }
        for (const pid_t child : children) EXPECT_EQ(exit_status(child), done);
        TestContext context("sqlite");
        EXPECT_EQ(must(open_store(sandbox.path(), context)->catalogs()).size(), 5U);
    }
}

TEST(Processes, that_work_on_one_file_share_its_jobs_and_lose_none) {
    Sandbox sandbox;
    const Profile profile = profile_of("m");
    constexpr int specs = 120;
    {
        TestContext context("sqlite");
        auto store = fresh_store(sandbox.path(), context);
        make_catalog(*store, profile);
        for (int i = 0; i < specs; ++i) {
            const auto name = "spec-" + std::to_string(i);
            put(*store, document(name, {name + " one", name + " two", "shared"}));
        }
    }
    std::vector<pid_t> children;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        children.push_back(in_child([&, seed] {
            TestContext context("sqlite", seed);
            auto store = open_store(sandbox.path(), context);
            for (auto jobs = must(store->claim(claim_request(profile, 3))); !jobs.empty();
                 jobs = must(store->claim(claim_request(profile, 3)))) {
                for (const ClaimedJob& job : jobs) {
                    if (!embed(*store, job, profile)) return 1;
                }
            }
            return done;
        }));
    }
    for (const pid_t child : children) EXPECT_EQ(exit_status(child), done);
    expect_sound(sandbox.path());
    TestContext context("sqlite");
    auto store = open_store(sandbox.path(), context);
    EXPECT_EQ(must(store->settlement("shop", {})).missing(), 0U);
    JobQuery all;
    all.limit = 1000;
    const auto jobs = must(store->jobs(all));
    EXPECT_EQ(jobs.size(), static_cast<std::size_t>(specs)) << "each job once";
    for (const Job& job : jobs) EXPECT_EQ(job.status, JobStatus::succeeded);
}

TEST(Processes, killed_release_their_jobs_immediately_and_stopped_ones_when_their_lease_expires) {
    Sandbox sandbox;
    const Profile profile = profile_of("m");
    {
        TestContext context("sqlite");
        auto store = fresh_store(sandbox.path(), context);
        make_catalog(*store, profile);
        put(*store, document("spec", {"a text"}));
    }
    Pipe claimed;
    const pid_t child = in_child([&] {
        TestContext context("sqlite", 7);
        auto store = open_store(sandbox.path(), context);
        const auto jobs = must(store->claim(claim_request(profile, 1)));
        if (jobs.size() != 1 || ::write(claimed.ends[1], "x", 1) != 1) return 1;
        for (;;) ::pause();
    });
    char byte = 0;
    ASSERT_EQ(::read(claimed.ends[0], &byte, 1), 1);
    TestContext context("sqlite", 8);
    auto store = open_store(sandbox.path(), context);
    ASSERT_EQ(::kill(child, SIGSTOP), 0);
    EXPECT_EQ(must(store->reap(5)).requeued, 0U)
        << "it may continue, so its jobs stay its own until their lease expires";
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    EXPECT_EQ(exit_status(child), -SIGKILL);
    EXPECT_EQ(must(store->reap(5)).requeued, 1U) << "recovered_in_time: a dead worker cannot commit";
}

TEST(Processes, notice_each_others_writes) {
    Sandbox sandbox;
    {
        TestContext context("sqlite");
        fresh_store(sandbox.path(), context).reset();
    }
    Pipe go;
    const pid_t child = in_child([&] {
        char byte = 0;
        if (::read(go.ends[0], &byte, 1) != 1) return 1;
        TestContext context("sqlite");
        must(open_store(sandbox.path(), context)->put_catalog({"theirs", "", "", "", ""}));
        return done;
    });
    TestContext context("sqlite");
    auto store = open_store(sandbox.path(), context);
    const auto before = must(store->change_stamp());
    EXPECT_EQ(must(store->change_stamp()), before);
    ASSERT_EQ(::write(go.ends[1], "x", 1), 1);
    EXPECT_EQ(exit_status(child), done);
    EXPECT_NE(must(store->change_stamp()), before);
}

// Writes specs and embeds them forever, and writes one byte to the pipe after each round. Each spec's text names the
// round.
int write_forever(const std::string& path, std::uint64_t seed, int report) {
    TestContext context("sqlite", seed);
    const Profile profile = profile_of("m");
    auto store = open_store(path, context);
    for (int round = 0;; ++round) {
        const auto name = "spec-" + std::to_string(round % 7);
        put(*store, document(name, {name + " round " + std::to_string(round), name + " always", "shared"}));
        for (const ClaimedJob& job : must(store->claim(claim_request(profile, 2)))) (void)embed(*store, job, profile);
        if (::write(report, "x", 1) != 1) return 1;
    }
}

TEST(Processes, killed_at_any_moment_leave_a_sound_file_and_all_work_is_done) {
    for (int round = 0; round < 8; ++round) {
        Sandbox sandbox;
        const Profile profile = profile_of("m");
        {
            TestContext context("sqlite");
            auto store = fresh_store(sandbox.path(), context);
            make_catalog(*store, profile);
        }
        Pipe reports;
        const pid_t child = in_child(
            [&] { return write_forever(sandbox.path(), static_cast<std::uint64_t>(round) + 1, reports.ends[1]); });
        const int rounds_to_see = 3 + round * 2;
        for (int seen = 0; seen < rounds_to_see; ++seen) {
            char byte = 0;
            ASSERT_EQ(::read(reports.ends[0], &byte, 1), 1);
        }
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        EXPECT_EQ(exit_status(child), -SIGKILL);
        expect_sound(sandbox.path());

        TestContext context("sqlite", 1000);
        auto store = open_store(sandbox.path(), context);
        std::uint64_t generations = 0;
        for (const SpecInfo& spec : must(store->specs("shop", "", 100))) generations += spec.generation;
        EXPECT_GE(generations, static_cast<std::uint64_t>(rounds_to_see)) << "what was acknowledged is kept";
        context.manual_clock().advance(std::chrono::seconds(30));
        must(store->reap(5));
        embed_everything(*store, profile);
        EXPECT_EQ(must(store->settlement("shop", {})).missing(), 0U) << "crash_loses_nothing";
        EXPECT_EQ(must(store->reconcile("")).gaps, 0U);
    }
}

TEST(Processes, killed_while_they_hold_the_write_lock_do_not_keep_it) {
    Sandbox sandbox;
    {
        TestContext context("sqlite");
        fresh_store(sandbox.path(), context).reset();
    }
    Pipe locked;
    const pid_t child = in_child([&] {
        auto connection = raw(sandbox.path());
        connection->execute("BEGIN IMMEDIATE");
        connection->execute("INSERT INTO endpoint_states VALUES (zeroblob(32), 'half done', 0, 1, '')");
        if (::write(locked.ends[1], "x", 1) != 1) return 1;
        for (;;) ::pause();
    });
    char byte = 0;
    ASSERT_EQ(::read(locked.ends[0], &byte, 1), 1);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    EXPECT_EQ(exit_status(child), -SIGKILL);
    TestContext context("sqlite");
    EXPECT_TRUE(must(open_store(sandbox.path(), context)->put_catalog({"shop", "", "", "", ""})));
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM endpoint_states"), 0);
}

}  // namespace
}  // namespace embedq::sqlite::testing

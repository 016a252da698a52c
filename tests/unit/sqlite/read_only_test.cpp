// A store that is opened for reading: it changes nothing, and works where nothing may be changed.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

namespace fs = std::filesystem;
using conformance::TestContext;

// Each file of a folder with its bytes.
std::map<std::string, std::string> contents_of(const fs::path& folder) {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        contents[entry.path().filename().string()].assign(std::istreambuf_iterator<char>(file), {});
    }
    return contents;
}

std::unique_ptr<Store> open_to_read(const std::string& path, Context& context) {
    Options options = options_for(path);
    options.set("read_only", true);
    return must(make_store(options, context));
}

void fill(Store& store) {
    make_catalog(store, profile_of("m"));
    const SpecWrite write = document("pets", {"a", "b"});
    must(store.put_specs(std::span(&write, 1)));
}

// The error of the first verb that fails, as text; empty if all work.
std::string read_everything(Store& store) {
    std::string failed;
    const auto note = [&](const auto& result) {
        if (!result && failed.empty()) failed = to_string(result.error());
    };
    note(store.migration_state());
    note(store.catalogs());
    note(store.profile(profile_of("m").id));
    note(store.specs("shop", "", 10));
    note(store.spec("shop", "pets"));
    note(store.spec_content("shop", "pets"));
    note(store.revision("shop"));
    note(store.changes("shop", 0));
    note(store.operations("shop", {}, [](auto, const auto&) {}));
    note(store.statuses("shop", {}));
    note(store.health(""));
    note(store.settlement("shop", {}));
    note(store.workload("shop", profile_of("m").id));
    note(store.jobs({}));
    note(store.workers());
    note(store.endpoint_states());
    note(store.change_stamp());
    note(store.next_due({}));
    note(store.diagnose());
    if (failed.empty() && store.specs("shop", "", 10)->size() != 1) failed = "the spec is not seen";
    return failed;
}

// Runs as a user who may not write what root owns, in a process of its own. Returns what the function returns.
std::string as_nobody(const std::function<std::string()>& run) {
    int pipe[2];
    if (::pipe(pipe) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
        const std::string text = run();
        ::_exit(::write(pipe[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 3);
    }
    ::close(pipe[1]);
    std::string text(4096, '\0');
    const ssize_t size = ::read(pipe[0], text.data(), text.size());
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return status == 0 ? text : "the process ended with " + std::to_string(status);
}

class ReadOnly : public ::testing::Test {
protected:
    // What a killed process leaves: a file whose last writes are in its write-ahead log.
    void leave_a_log() {
        Sandbox running;
        const auto store = fresh_store(running.path(), context);
        fill(*store);
        fs::copy_file(running.path(), sandbox.path());
        fs::copy_file(running.path() + "-wal", sandbox.path() + "-wal");
    }
    void protect() {
        for (const auto& entry : fs::directory_iterator(sandbox.folder)) ::chmod(entry.path().c_str(), 0444);
        ::chmod(sandbox.folder.c_str(), 0555);
    }
    void TearDown() override { ::chmod(sandbox.folder.c_str(), 0755); }

    TestContext context{"sqlite"};
    Sandbox sandbox;
};

TEST_F(ReadOnly, changes_no_byte_and_leaves_no_file) {
    fill(*fresh_store(sandbox.path(), context));
    const auto before = contents_of(sandbox.folder);
    EXPECT_EQ(read_everything(*open_to_read(sandbox.path(), context)), "");
    EXPECT_TRUE(contents_of(sandbox.folder) == before);
}

TEST_F(ReadOnly, leaves_the_log_of_a_killed_process_where_it_is) {
    leave_a_log();
    const std::string file = contents_of(sandbox.folder)["test.db"];
    const std::string log = contents_of(sandbox.folder)["test.db-wal"];
    ASSERT_FALSE(log.empty());
    EXPECT_EQ(read_everything(*open_to_read(sandbox.path(), context)), "");
    EXPECT_TRUE(contents_of(sandbox.folder)["test.db"] == file);
    EXPECT_TRUE(contents_of(sandbox.folder)["test.db-wal"] == log);
    EXPECT_EQ(read_everything(*fresh_store(sandbox.path(), context)), "") << "who writes finds it";
}

TEST_F(ReadOnly, works_on_a_file_and_in_a_folder_that_may_not_be_written) {
    fill(*fresh_store(sandbox.path(), context));
    fs::remove(sandbox.path() + "-workers");
    const auto before = contents_of(sandbox.folder);
    protect();
    EXPECT_EQ(as_nobody([&] { return read_everything(*open_to_read(sandbox.path(), context)); }), "");
    EXPECT_TRUE(contents_of(sandbox.folder) == before);
}

TEST_F(ReadOnly, diagnoses_the_journal_of_a_file_that_may_not_be_written) {
    fill(*fresh_store(sandbox.path(), context));
    protect();
    const std::string found = as_nobody([&] {
        const auto findings = must(open_to_read(sandbox.path(), context)->diagnose());
        const auto journal = std::ranges::find(findings, "journal", &Finding::subject);
        return journal == findings.end() ? "no finding" : std::string(to_string(journal->level)) + " " + journal->found;
    });
    EXPECT_TRUE(found.starts_with("ok mode wal; ")) << found;
}

TEST_F(ReadOnly, sees_what_another_process_writes_that_may) {
    const auto writer = fresh_store(sandbox.path(), context);
    fill(*writer);
    protect();
    EXPECT_EQ(as_nobody([&] { return read_everything(*open_to_read(sandbox.path(), context)); }), "");
}

TEST_F(ReadOnly, says_why_a_log_cannot_be_read) {
    leave_a_log();
    protect();
    const std::string failed = as_nobody([&] { return read_everything(*open_to_read(sandbox.path(), context)); });
    EXPECT_NE(failed.find("test.db-shm' may be created; run a command as a user who may write there"),
              std::string::npos)
        << failed;
}

TEST_F(ReadOnly, refuses_what_writes) {
    fill(*fresh_store(sandbox.path(), context));
    const auto store = open_to_read(sandbox.path(), context);
    for (const Error& error : {store->migrate().error(), store->put_catalog({.catalog_id = "other"}).error(),
                               store->delete_catalog("shop").error(), store->prune({}).error()}) {
        EXPECT_EQ(error.kind, ErrorKind::unsupported);
        EXPECT_NE(to_string(error).find("is open for reading only"), std::string::npos) << to_string(error);
    }
}

TEST_F(ReadOnly, creates_no_file) {
    const auto store = open_to_read(sandbox.path("deep/test.db"), context);
    EXPECT_EQ(must(store->migration_state()).current, 0U);
    EXPECT_FALSE(store->catalogs());
    EXPECT_FALSE(store->migrate());
    EXPECT_TRUE(contents_of(sandbox.folder).empty());
}

}  // namespace
}  // namespace embedq::sqlite::testing

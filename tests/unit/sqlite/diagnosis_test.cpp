// What a SQLite store reports to `embedq doctor` about its file.
#include "diagnosis.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "migrations.h"
#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;

const Finding& finding(const std::vector<Finding>& findings, std::string_view subject) {
    const auto found = std::ranges::find(findings, subject, &Finding::subject);
    if (found == findings.end()) throw std::runtime_error("there is no finding about '" + std::string(subject) + "'");
    return *found;
}

void expect_finding(const std::vector<Finding>& findings, std::string_view subject, FindingLevel level,
                    std::string_view found, std::string_view hint = {}) {
    const Finding& one = finding(findings, subject);
    EXPECT_EQ(to_string(one.level), to_string(level)) << one.subject << ": " << one.found;
    EXPECT_NE(one.found.find(found), std::string::npos) << "'" << one.found << "' does not name '" << found << "'";
    EXPECT_NE(one.hint.find(hint), std::string::npos) << "'" << one.hint << "' does not name '" << hint << "'";
}

class Diagnosis : public ::testing::Test {
protected:
    std::vector<Finding> diagnose() { return must(open_store(sandbox.path(), context)->diagnose()); }

    TestContext context{"sqlite"};
    Sandbox sandbox;
};

TEST_F(Diagnosis, of_a_sound_file_has_no_fault) {
    auto store = fresh_store(sandbox.path(), context);
    const auto findings = must(store->diagnose());
    for (const Finding& one : findings) EXPECT_NE(one.level, FindingLevel::fault) << one.subject << ": " << one.found;
    expect_finding(findings, "file", FindingLevel::good, sandbox.path());
    expect_finding(findings, "journal", FindingLevel::good, "wal");
    expect_finding(findings, "integrity", FindingLevel::good, "no fault");
    expect_finding(findings, "tables and indexes", FindingLevel::good, "all ");
}

TEST_F(Diagnosis, of_a_file_that_does_not_exist_creates_nothing) {
    auto store = open_store(sandbox.path("deep/er/test.db"), context);
    const auto findings = must(store->diagnose());
    expect_finding(findings, "file", FindingLevel::note, "does not exist yet", "embedq migrate up");
    expect_finding(findings, "permissions", FindingLevel::good, "may write");
    EXPECT_FALSE(std::filesystem::exists(sandbox.folder / "deep"));
}

TEST_F(Diagnosis, of_a_file_of_another_kind_is_a_fault_with_its_hint) {
    std::ofstream(sandbox.path()) << std::string(10'000, 'x');
    const auto findings = diagnose();
    expect_finding(findings, "database", FindingLevel::fault, "not a SQLite database");
    EXPECT_EQ(finding(findings, "database").hint, "point 'path' at another file, or move this one away");
    EXPECT_FALSE(finding(findings, "database").found.contains("point 'path'")) << "the hint is apart from the finding";
}

TEST_F(Diagnosis, of_another_programs_file_is_a_fault) {
    raw(sandbox.path())->execute("CREATE TABLE theirs (x)");
    expect_finding(diagnose(), "database", FindingLevel::fault, "another program", "point 'path' at another file");
}

TEST_F(Diagnosis, works_while_the_schema_is_newer) {
    fresh_store(sandbox.path(), context).reset();
    raw(sandbox.path())->execute("PRAGMA user_version = 999");
    expect_finding(diagnose(), "integrity", FindingLevel::good, "no fault");
}

TEST_F(Diagnosis, names_a_missing_index_and_the_command_that_creates_it_again) {
    fresh_store(sandbox.path(), context).reset();
    std::string name;
    {
        const auto connection = raw(sandbox.path());
        sqlite::Run run(*connection,
                        std::string("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL LIMIT 1"));
        ASSERT_TRUE(run.next());
        name = run.text(0);
    }
    raw(sandbox.path())->execute(("DROP INDEX " + name).c_str());
    const auto findings = diagnose();
    expect_finding(findings, "tables and indexes", FindingLevel::fault, "index " + name + " is missing",
                   "sqlite3 '" + sandbox.path() + "'");
    // The hint is a command that fixes it.
    const std::string hint = finding(findings, "tables and indexes").hint;
    const auto begin = hint.find('"') + 1;
    raw(sandbox.path())->execute(hint.substr(begin, hint.rfind('"') - begin).c_str());
    expect_finding(diagnose(), "tables and indexes", FindingLevel::good, "all ");
}

TEST_F(Diagnosis, names_what_embedq_did_not_create) {
    fresh_store(sandbox.path(), context).reset();
    raw(sandbox.path())->execute("CREATE TABLE theirs (x)");
    expect_finding(diagnose(), "tables and indexes", FindingLevel::note, "table theirs");
}

TEST_F(Diagnosis, finds_a_damaged_page) {
    fresh_store(sandbox.path(), context).reset();
    raw(sandbox.path())->execute("PRAGMA wal_checkpoint(TRUNCATE)");
    {
        std::fstream file(sandbox.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(40960);  // the sixth page
        file << std::string(8192, '\x5a');
    }
    expect_finding(diagnose(), "integrity", FindingLevel::fault, "damaged", "restore the file from a backup");
}

TEST_F(Diagnosis, of_a_large_file_ends_in_time) {
    const auto connection = raw(sandbox.path());
    connection->execute("PRAGMA page_size = 512");
    connection->execute("CREATE TABLE large (x)");
    connection->execute(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64) INSERT INTO large SELECT zeroblob(1000000) "
        "FROM n");
    const Integrity cut_short = check_integrity(*connection, std::chrono::milliseconds(1));
    EXPECT_FALSE(cut_short.whole);
    EXPECT_TRUE(cut_short.faults.empty()) << cut_short.faults.front();
    const Integrity whole = check_integrity(*connection, std::chrono::minutes(5));
    EXPECT_TRUE(whole.whole);
    EXPECT_TRUE(whole.faults.empty());
}

TEST_F(Diagnosis, reports_that_every_user_may_write_the_file) {
    fresh_store(sandbox.path(), context).reset();
    ASSERT_EQ(::chmod(sandbox.path().c_str(), 0666), 0);
    expect_finding(diagnose(), "permissions", FindingLevel::note, "every user", "chmod o-w '" + sandbox.path() + "'");
}

// Run by a process that gives up its rights if it runs as root.
TEST_F(Diagnosis, names_the_owner_of_a_file_that_may_not_be_written) {
    fresh_store(sandbox.path(), context).reset();
    ASSERT_EQ(::chmod(sandbox.path().c_str(), 0444), 0);
    ASSERT_EQ(::chmod(sandbox.folder.c_str(), 0555), 0);
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
        const auto fault = finding(diagnose_file(sandbox.path()), "permissions");
        const std::string text = std::string(to_string(fault.level)) + ": " + fault.found + "; " + fault.hint;
        ::_exit(::write(pipe[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 3);
    }
    ::close(pipe[1]);
    std::string text(4096, '\0');
    const ssize_t size = ::read(pipe[0], text.data(), text.size());
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(::chmod(sandbox.folder.c_str(), 0755), 0);
    ASSERT_EQ(status, 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    EXPECT_TRUE(text.starts_with("fault: the user ")) << text;
    EXPECT_NE(text.find("may not read and write '" + sandbox.path() + "'"), std::string::npos) << text;
    EXPECT_NE(text.find("mode 0444"), std::string::npos) << text;
    EXPECT_NE(text.find("chown"), std::string::npos) << text;
}

TEST_F(Diagnosis, counts_the_other_processes) {
    auto store = fresh_store(sandbox.path(), context);
    {
        const auto connection = raw(sandbox.path());
        ASSERT_TRUE(value_of(*connection, "SELECT count(*) FROM sqlite_schema"));
        if (!other_processes(sandbox.path()).known) GTEST_SKIP() << "this system does not list locks";
    }
    int ready[2];
    int end[2];
    ASSERT_EQ(::pipe(ready), 0);
    ASSERT_EQ(::pipe(end), 0);
    store.reset();
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(end[1]);
        const auto connection = raw(sandbox.path());
        (void)value_of(*connection, "SELECT count(*) FROM sqlite_schema");
        char byte = 'x';
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
        ::_exit(::read(end[0], &byte, 1) == 0 ? 0 : 1);
    }
    ::close(ready[1]);
    ::close(end[0]);
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    expect_finding(diagnose(), "other processes", FindingLevel::good, "1 has the file open: " + std::to_string(child));
    ::close(end[1]);
    ::close(ready[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    expect_finding(diagnose(), "other processes", FindingLevel::good, "none");
}

}  // namespace
}  // namespace embedq::sqlite::testing

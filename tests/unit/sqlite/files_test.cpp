// Files that the store must refuse, each with a message that names what was found, and a hint.
#include <sys/stat.h>

#include <fstream>

#include "migrations.h"
#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;

void expect_refusal(const Error& error, ErrorKind kind, std::string_view names) {
    EXPECT_EQ(to_string(error.kind), to_string(kind)) << to_string(error);
    EXPECT_NE(to_string(error).find(names), std::string::npos)
        << "'" << to_string(error) << "' does not name '" << names << "'";
}

TEST(Factory, needs_a_path_to_a_plain_file) {
    TestContext context("sqlite");
    Sandbox sandbox;
    expect_refusal(make_store(Options(), context).error(), ErrorKind::misconfigured, "'path'");
    expect_refusal(make_store(options_for(""), context).error(), ErrorKind::misconfigured, "'path'");
    expect_refusal(make_store(options_for(":memory:"), context).error(), ErrorKind::misconfigured, "plugin: memory");
    expect_refusal(make_store(options_for("file:x?mode=memory"), context).error(), ErrorKind::misconfigured,
                   "plain file name");
    expect_refusal(make_store(options_for(sandbox.folder.string()), context).error(), ErrorKind::misconfigured,
                   "folder");
}

TEST(Factory, creates_nothing_before_it_migrates) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = open_store(sandbox.path("deep/er/test.db"), context);
    EXPECT_EQ(must(store->migration_state()).current, 0U);
    expect_refusal(store->catalogs().error(), ErrorKind::misconfigured, "embedq migrate up");
    EXPECT_FALSE(std::filesystem::exists(sandbox.folder / "deep"));
}

TEST(Migrate, creates_the_folder_for_its_owner_alone) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = fresh_store(sandbox.path("deep/er/test.db"), context);
    struct stat found{};
    ASSERT_EQ(::stat((sandbox.folder / "deep" / "er").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0700U);
}

TEST(Migrate, gives_others_no_rights_whatever_the_umask_is) {
    TestContext context("sqlite");
    Sandbox sandbox;
    const mode_t before = ::umask(0);
    const auto store = fresh_store(sandbox.path("deep/er/test.db"), context);
    must(store->put_catalog({.catalog_id = "shop"}));
    ::umask(before);
    const auto mode_of = [&](const std::string& name) {
        struct stat found{};
        EXPECT_EQ(::stat(sandbox.path(name).c_str(), &found), 0) << name;
        return found.st_mode & 0777U;
    };
    for (const char* folder : {"deep", "deep/er"}) EXPECT_EQ(mode_of(folder), 0700U) << folder;
    for (const char* file : {"deep/er/test.db", "deep/er/test.db-wal", "deep/er/test.db-shm"})
        EXPECT_EQ(mode_of(file), 0640U) << file;
}

TEST(Migrate, reports_why_a_folder_cannot_be_created) {
    TestContext context("sqlite");
    Sandbox sandbox;
    std::ofstream(sandbox.path("file")) << "x";
    auto store = open_store(sandbox.path("file/below/test.db"), context);
    expect_refusal(store->migrate().error(), ErrorKind::misconfigured, "its folder");
}

TEST(File, that_is_not_a_database_is_refused) {
    TestContext context("sqlite");
    Sandbox sandbox;
    std::ofstream(sandbox.path()) << std::string(10'000, 'x');
    auto store = open_store(sandbox.path(), context);
    expect_refusal(store->migrate().error(), ErrorKind::misconfigured, "not a SQLite database");
    expect_refusal(store->catalogs().error(), ErrorKind::misconfigured, "not a SQLite database");
    expect_refusal(store->migration_state().error(), ErrorKind::misconfigured, sandbox.path());
}

TEST(File, of_another_program_is_refused_and_left_alone) {
    TestContext context("sqlite");
    Sandbox sandbox;
    raw(sandbox.path())->execute("CREATE TABLE theirs (x)");
    auto store = open_store(sandbox.path(), context);
    expect_refusal(store->migrate().error(), ErrorKind::misconfigured, "another program");
    expect_refusal(store->catalogs().error(), ErrorKind::misconfigured, "another program");
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM sqlite_schema"), 1);

    raw(sandbox.path("marked.db"))->execute("PRAGMA application_id = 77; CREATE TABLE theirs (x)");
    expect_refusal(open_store(sandbox.path("marked.db"), context)->migrate().error(), ErrorKind::misconfigured, "77");
}

TEST(File, that_is_damaged_is_an_error_and_not_a_crash) {
    TestContext context("sqlite");
    Sandbox sandbox;
    {
        auto store = fresh_store(sandbox.path(), context);
        make_catalog(*store, profile_of("m"));
        std::vector<std::string> texts;
        for (int i = 0; i < 500; ++i) texts.push_back("text " + std::to_string(i));
        put(*store, document("a", texts));
    }
    {
        std::fstream file(sandbox.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(8192);
        const std::string noise(static_cast<std::size_t>(std::filesystem::file_size(sandbox.path()) - 8192), '\x5a');
        file << noise;
    }
    auto store = open_store(sandbox.path(), context);
    expect_refusal(store->catalogs().error(), ErrorKind::misconfigured, "damaged");
    const SpecWrite write = document("b", {"x"});
    expect_refusal(store->put_specs({&write, 1}).error(), ErrorKind::misconfigured, "damaged");
}

TEST(File, that_may_not_be_written_is_refused) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may write every file";
    TestContext context("sqlite");
    Sandbox sandbox;
    fresh_store(sandbox.path(), context).reset();
    std::filesystem::permissions(sandbox.folder,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    std::filesystem::permissions(sandbox.path(), std::filesystem::perms::owner_read);
    expect_refusal(open_store(sandbox.path(), context)->put_catalog({"shop", "", "", "", ""}).error(),
                   ErrorKind::misconfigured, "writ");
    std::filesystem::permissions(sandbox.folder, std::filesystem::perms::owner_all);
}

TEST(File, that_another_process_keeps_locked_is_unavailable_and_then_works) {
    TestContext context("sqlite");
    Sandbox sandbox;
    fresh_store(sandbox.path(), context).reset();
    auto store = must(make_store(options_for(sandbox.path(), std::chrono::milliseconds(20)), context));
    auto other = raw(sandbox.path());
    other->execute("BEGIN IMMEDIATE");
    expect_refusal(store->put_catalog({"shop", "", "", "", ""}).error(), ErrorKind::unavailable, "busy_timeout");
    EXPECT_TRUE(must(store->catalogs()).empty()) << "reads wait for nobody";
    other->execute("COMMIT");
    EXPECT_TRUE(must(store->put_catalog({"shop", "", "", "", ""})));
}

TEST(ErrorOf, SaysWhatIsWrongAndKeepsTheStatementForTheDetail) {
    constexpr int busy = 5;
    constexpr int readonly = 8;
    constexpr int full = 13;
    for (const int code : {busy, readonly, full}) {
        const Error error = error_of(code, "/e.db", "PRAGMA synchronous = FULL", "attempt to write");
        EXPECT_TRUE(error.message.starts_with("SQLite store '/e.db': ")) << error.message;
        EXPECT_FALSE(to_string(error).contains("PRAGMA")) << to_string(error);
        EXPECT_EQ(error.detail, "PRAGMA synchronous = FULL: attempt to write [" + std::to_string(code) + "]");
    }
}

}  // namespace
}  // namespace embedq::sqlite::testing

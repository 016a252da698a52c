// A file that is replaced, removed or restored under a store that has it open: it is said once, and the store continues
// with the file that its path leads to.
#include <algorithm>
#include <fstream>

#include "liveness.h"
#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;
namespace fs = std::filesystem;

class ReplacedFile : public ::testing::Test {
protected:
    ReplacedFile() { must(store->put_catalog({.catalog_id = "earlier"})); }

    // A file of its own with one catalog, with everything in it.
    std::string another(const std::string& catalog) {
        std::string path = sandbox.path("another.db");
        must(fresh_store(path, context)->put_catalog({.catalog_id = catalog}));
        return path;
    }
    std::vector<std::string> catalogs() {
        std::vector<std::string> names;
        for (const CatalogInfo& catalog : must(store->catalogs())) names.push_back(catalog.catalog_id);
        return names;
    }
    int warnings(const std::string& with) {
        return static_cast<int>(std::ranges::count_if(context.logger().lines(), [&](const auto& line) {
            return line.first == LogLevel::warn && line.second.find(with) != std::string::npos;
        }));
    }

    TestContext context{"sqlite"};
    Sandbox sandbox;
    std::unique_ptr<Store> store = fresh_store(sandbox.path(), context);
};

TEST_F(ReplacedFile, is_said_once_and_opened_by_readers_and_the_writer) {
    EXPECT_EQ(catalogs(), std::vector<std::string>{"earlier"});
    const auto stamp = must(store->change_stamp());
    fs::rename(another("later"), sandbox.path());
    EXPECT_EQ(catalogs(), std::vector<std::string>{"later"});
    EXPECT_NE(must(store->change_stamp()), stamp) << "a process that watches it sees that something changed";
    must(store->put_catalog({.catalog_id = "new"}));
    EXPECT_EQ(catalogs(), (std::vector<std::string>{"later", "new"}));
    EXPECT_EQ(warnings("was replaced while it was in use"), 1);
    store.reset();
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM catalogs"), 2) << "they are in that file";
}

TEST_F(ReplacedFile, keeps_nothing_of_the_log_of_the_earlier_one) {
    for (int i = 0; i < 50; ++i) must(store->put_catalog({.catalog_id = "earlier" + std::to_string(i)}));
    ASSERT_GT(fs::file_size(sandbox.path() + "-wal"), 0U) << "the earlier file has a log";
    fs::rename(another("later"), sandbox.path());
    EXPECT_EQ(catalogs(), std::vector<std::string>{"later"});
    const auto check = raw(sandbox.path());
    sqlite::Run run(*check, "PRAGMA integrity_check");
    ASSERT_TRUE(run.next());
    EXPECT_EQ(run.view(0), "ok");
    EXPECT_EQ(warnings("the write-ahead log of the earlier one is now"), 1);
}

// A restored backup has lower revisions; whatever was read from the earlier file is read again.
TEST_F(ReplacedFile, has_revisions_that_grow) {
    const Profile profile = profile_of("model");
    make_catalog(*store, profile, "shop");
    for (int i = 0; i < 3; ++i) put(*store, document("spec" + std::to_string(i), {"a text"}));
    const std::string path = sandbox.path("another.db");
    {
        const auto backup = fresh_store(path, context);
        make_catalog(*backup, profile, "shop");
        put(*backup, document("restored", {"another text"}));
    }
    const std::uint64_t before = must(store->revision("shop"));
    fs::rename(path, sandbox.path());
    const std::uint64_t after = must(store->revision("shop"));
    EXPECT_GT(after, before);
    EXPECT_EQ(must(store->catalogs()).back().revision, after);
    EXPECT_TRUE(must(store->changes("shop", before)).everything);
    put(*store, document("new", {"a third text"}));
    const Changes changes = must(store->changes("shop", after));
    EXPECT_FALSE(changes.everything);
    EXPECT_EQ(changes.specs, std::vector<std::string>{"new"});
    EXPECT_EQ(changes.revision, must(store->revision("shop")));
}

TEST_F(ReplacedFile, that_is_removed_is_said_and_missed_until_it_is_there_again) {
    fs::rename(sandbox.path(), sandbox.path("aside.db"));
    for (int i = 0; i < 2; ++i) {
        const auto refused = store->catalogs();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::misconfigured);
        EXPECT_NE(refused.error().message.find("there is no such file"), std::string::npos);
        EXPECT_FALSE(store->put_catalog({.catalog_id = "new"}));
        EXPECT_FALSE(store->change_stamp());
    }
    EXPECT_EQ(warnings("was removed while it was in use"), 1);
    fs::rename(sandbox.path("aside.db"), sandbox.path());
    EXPECT_EQ(catalogs(), std::vector<std::string>{"earlier"});
    EXPECT_EQ(warnings("is there again"), 1);
}

TEST_F(ReplacedFile, of_another_kind_is_refused_as_at_the_start) {
    std::ofstream(sandbox.path("text")) << std::string(10'000, 'x');
    fs::rename(sandbox.path("text"), sandbox.path());
    EXPECT_EQ(store->catalogs().error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(store->put_catalog({.catalog_id = "new"}).error().kind, ErrorKind::misconfigured);
}

TEST(Liveness, is_held_in_the_file_that_has_the_path) {
    Sandbox sandbox;
    Liveness worker(sandbox.path("workers"));
    worker.hold("w");
    fs::remove(sandbox.path("workers"));
    worker.hold("w");
    Liveness other(sandbox.path("workers"));
    EXPECT_FALSE(other.is_dead("w"));
    EXPECT_TRUE(other.is_dead("another"));
}

}  // namespace
}  // namespace embedq::sqlite::testing

#include "cli/folder_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "folder.h"

namespace embedq::cli {
namespace {

using namespace std::chrono_literals;  // NOLINT
using testing::Folder;
using Wake = FolderWatch::Wake;

// What happened before the wait is there when it begins, so no test depends on time.
TEST(FolderWatch, SeesEachKindOfChange) {
    const Folder folder;
    folder.write("a.yaml", "1");
    FolderWatch watch;
    watch.watch({folder.path().string()});
    ASSERT_EQ(watch.problem(), "");
    const auto changed = [&] { return watch.wait(1h, 0ms, {}) == Wake::changed; };
    folder.write("a.yaml", "2");
    EXPECT_TRUE(changed());
    folder.write("b.yaml", "");
    EXPECT_TRUE(changed());
    std::filesystem::rename(folder.path() / "b.yaml", folder.path() / "c.yaml");
    EXPECT_TRUE(changed());
    std::filesystem::remove(folder.path() / "c.yaml");
    EXPECT_TRUE(changed());
    std::filesystem::create_directory(folder.path() / "sub");
    EXPECT_TRUE(changed());
    EXPECT_EQ(watch.wait(1ms, 0ms, {}), Wake::timeout);
}

TEST(FolderWatch, WatchesTheNamedFoldersOnly) {
    const Folder folder;
    folder.write("one/a.yaml", "");
    folder.write("two/b.yaml", "");
    FolderWatch watch;
    watch.watch({(folder.path() / "one").string()});
    folder.write("two/b.yaml", "changed");
    EXPECT_EQ(watch.wait(1ms, 0ms, {}), Wake::timeout);
    watch.watch({(folder.path() / "two").string()});
    folder.write("one/a.yaml", "changed");
    folder.write("two/b.yaml", "changed again");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed);
    EXPECT_EQ(watch.wait(1ms, 0ms, {}), Wake::timeout);
}

TEST(FolderWatch, SaysWhatItCannotWatch) {
    const Folder folder;
    FolderWatch watch;
    watch.watch({folder.path().string(), "/nowhere/at/all"});
    EXPECT_NE(watch.problem().find("'/nowhere/at/all' is not watched: "), std::string::npos) << watch.problem();
    folder.write("a.yaml", "");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed);
}

TEST(FolderWatch, ManyChangesAtOnceAreOne) {
    const Folder folder;
    FolderWatch watch;
    watch.watch({folder.path().string()});
    for (int i = 0; i < 300; ++i) folder.write("f" + std::to_string(i) + ".yaml", "");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed);
    EXPECT_EQ(watch.wait(1ms, 0ms, {}), Wake::timeout);
}

TEST(FolderWatch, NoticesAFolderThatAppears) {
    const Folder folder;
    const std::vector<std::string> paths{(folder.path() / "later/apis/").string()};
    FolderWatch watch;
    watch.watch({}, paths);
    folder.write("other.yaml", "");
    std::filesystem::create_directory(folder.path() / "other");
    EXPECT_EQ(watch.wait(1ms, 0ms, {}), Wake::timeout) << "others come and go";
    std::filesystem::create_directory(folder.path() / "later");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed);
    watch.watch({}, paths);
    std::filesystem::create_directory(folder.path() / "later/apis");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed);
}

TEST(FolderWatch, FollowsAFolderThatIsMovedAndReplaced) {
    const Folder folder;
    folder.write("apis/a.yaml", "");
    const std::string apis = (folder.path() / "apis").string();
    const std::string old = (folder.path() / "old").string();
    const std::vector<std::string> paths{apis};
    FolderWatch watch;
    watch.watch({apis}, paths);
    std::filesystem::rename(apis, old);
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed) << "it is gone";
    watch.watch({}, paths);
    folder.write("old/a.yaml", "changed");
    EXPECT_EQ(watch.wait(1ms, 0ms, {}), Wake::timeout) << "it is another folder now";
    folder.write("apis/b.yaml", "");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed) << "it is replaced";
    watch.watch({apis, old}, paths);
    folder.write("old/a.yaml", "again");
    EXPECT_EQ(watch.wait(1h, 0ms, {}), Wake::changed) << "by its new name";
}

TEST(FolderWatch, EndsAtAStop) {
    FolderWatch watch;
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(watch.wait(1h, 0ms, stop.get_token()), Wake::stopped);
}

}  // namespace
}  // namespace embedq::cli

#include "cli/folder_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

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

TEST(FolderWatch, EndsAtAStop) {
    FolderWatch watch;
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(watch.wait(1h, 0ms, stop.get_token()), Wake::stopped);
}

}  // namespace
}  // namespace embedq::cli

#include "files/file_safety.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "folder.h"

namespace embedq::files {
namespace {

namespace fs = std::filesystem;
using testing::Folder;
using ::testing::HasSubstr;

std::string unsafe(const fs::path& file) {
    const Status safe = check_only_owner_replaces(file, "configuration");
    if (safe) return {};
    EXPECT_EQ(safe.error().kind, ErrorKind::misconfigured);
    return to_string(safe.error());
}

TEST(FileSafety, AFileOfThisUserIsSafe) {
    const Folder folder;
    EXPECT_EQ(unsafe(folder.write("a/b/c.yaml", "")), "");
}

TEST(FileSafety, AFileThatOthersMayWriteIsNot) {
    const Folder folder;
    const auto by_all = folder.write("all.yaml", "", 0606);
    EXPECT_EQ(unsafe(by_all), "configuration file '" + by_all.string() +
                                  "' has mode 0606, so everyone may change it, but only its owner may; run: chmod "
                                  "go-w '" +
                                  by_all.string() + "'");
    EXPECT_THAT(unsafe(folder.write("group.yaml", "", 0660)), HasSubstr("so its group may change it"));
}

TEST(FileSafety, AFolderAboveItThatOthersMayWriteIsNot) {
    const Folder folder;
    const auto file = folder.write("a/b/c.yaml", "");
    fs::permissions(folder.path() / "a", static_cast<fs::perms>(0775));
    EXPECT_THAT(unsafe(file), HasSubstr("configuration folder '" + (folder.path() / "a").string() + "' has mode 0775"));
    // In a folder with the sticky bit, nobody replaces what is another's.
    fs::permissions(folder.path() / "a", static_cast<fs::perms>(01777));
    EXPECT_EQ(unsafe(file), "");
}

TEST(FileSafety, BothTheLinkAndTheFileCount) {
    const Folder folder;
    const auto file = folder.write("real/c.yaml", "");
    fs::create_directory(folder.path() / "links");
    const auto link = folder.path() / "links" / "c.yaml";
    fs::create_symlink(file, link);
    EXPECT_EQ(unsafe(link), "");
    fs::permissions(folder.path() / "links", static_cast<fs::perms>(0777));
    EXPECT_THAT(unsafe(link), HasSubstr("links"));
    fs::permissions(folder.path() / "links", static_cast<fs::perms>(0755));
    fs::permissions(folder.path() / "real", static_cast<fs::perms>(0777));
    EXPECT_THAT(unsafe(link), HasSubstr("real"));
}

TEST(FileSafety, AFileThatDoesNotExistIsNot) {
    EXPECT_THAT(unsafe("/nowhere/at/all"), HasSubstr("cannot be examined"));
}

}  // namespace
}  // namespace embedq::files

#include "cli/file_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "folder.h"

namespace embedq::cli {
namespace {

using cli::testing::Folder;
using ::testing::HasSubstr;

// Reads, with `change` after the first readings, and counts them.
class ReadFile : public ::testing::Test {
protected:
    Result<std::string> read(int changes) {
        FileReading reading;
        reading.wait = [] { return true; };
        reading.after_read = [this, changes] {
            if (++readings_ <= changes) change_();
        };
        return read_file(file_, reading);
    }

    Folder folder_;
    const std::string file_ = folder_.write("a.yaml", "old");
    std::function<void()> change_ = [this] { folder_.write("a.yaml", std::string(10U + readings_, 'n')); };
    int readings_ = 0;
};

TEST_F(ReadFile, ReadsOnceWhatDoesNotChange) {
    EXPECT_EQ(read(0).value(), "old");
    EXPECT_EQ(readings_, 1);
}

TEST_F(ReadFile, ReadsAgainWhatChangesInSize) {
    EXPECT_EQ(read(2).value(), std::string(12, 'n'));
    EXPECT_EQ(readings_, 3);
}

TEST_F(ReadFile, ReadsAgainWhatChangesInTimeAlone) {
    change_ = [this] {
        folder_.write("a.yaml", "new");
        std::filesystem::last_write_time(file_, std::filesystem::file_time_type(std::chrono::hours(readings_)));
    };
    EXPECT_EQ(read(1).value(), "new");
    EXPECT_EQ(readings_, 2);
}

TEST_F(ReadFile, ReadsAgainWhatKeptItsSizeAndItsTimeOfModification) {
    const auto time = std::filesystem::last_write_time(file_);
    const auto changed_at = [&] {
        struct stat status{};
        EXPECT_EQ(::stat(file_.c_str(), &status), 0);
        return std::pair(status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    };
    change_ = [&] {
        const auto before = changed_at();
        folder_.write("a.yaml", "new");
        // The time of change has the resolution of the system's clock.
        do std::filesystem::last_write_time(file_, time);
        while (changed_at() == before);
    };
    EXPECT_EQ(read(1).value(), "new");
    EXPECT_EQ(readings_, 2);
}

TEST_F(ReadFile, ReadsAgainWhatAnotherFileReplaced) {
    const auto time = std::filesystem::last_write_time(file_);
    change_ = [&] {
        const std::string other = folder_.write("b.yaml", "new");
        std::filesystem::last_write_time(other, time);
        std::filesystem::rename(other, file_);
    };
    EXPECT_EQ(read(1).value(), "new");
    EXPECT_EQ(readings_, 2);
}

TEST_F(ReadFile, GivesUpOnWhatChangesEachTime) {
    const auto content = read(100);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(content.error().message, "changed each of the 5 times it was read");
    EXPECT_EQ(readings_, 5);
}

TEST_F(ReadFile, EndsOnAStop) {
    std::stop_source source;
    FileReading reading{.stop = source.get_token()};
    reading.after_read = [&] {
        change_();
        source.request_stop();
    };
    const auto content = read_file(file_, reading);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(content.error().message, HasSubstr("stopping"));
}

TEST_F(ReadFile, ReadsOnlyTheRealPathThatIsExpected) {
    EXPECT_TRUE(read_file(file_, {.real_path = std::filesystem::canonical(file_).string()}));
    const std::string link = (folder_.path() / "link.yaml").string();
    std::filesystem::create_symlink(file_, link);
    const auto content = read_file(link, {.real_path = link});
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().message, "is not the file any more that it was");
}

TEST_F(ReadFile, SaysWhatIsTooLongAndWhatIsMissing) {
    EXPECT_EQ(read_file(file_, {.max_bytes = 2}).error().kind, ErrorKind::too_large);
    EXPECT_EQ(read_file(file_ + "x", {}).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace embedq::cli

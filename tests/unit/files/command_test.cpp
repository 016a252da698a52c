#include "files/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include "folder.h"

namespace embedq::files {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::EndsWith;
using testing::Folder;
using ::testing::HasSubstr;

Result<std::string> run(const std::vector<std::string>& words, const CommandLimits& limits = {},
                        const std::stop_token& stop = {}, const fs::path& folder = "/") {
    return first_line_of(words, folder, stop, limits);
}

Result<std::string> shell(const std::string& script, const CommandLimits& limits = {}, const std::stop_token& stop = {},
                          const fs::path& folder = "/") {
    return run({"/bin/sh", "-c", script}, limits, stop, folder);
}

Error refusal(const Result<std::string>& result) {
    EXPECT_FALSE(result) << *result;
    return result ? Error{} : result.error();
}

// Whether a process runs; one that is dead may still wait for its parent.
bool runs(const std::string& id) {
    std::ifstream stat("/proc/" + id + "/stat");
    std::string number, name, state;
    return static_cast<bool>(stat >> number >> name >> state) && state != "Z" && state != "X";
}

TEST(Command, GivesTheFirstLineTrimmed) {
    EXPECT_EQ(shell("printf ' \\tsk-one \\r\\nsecond\\n'"), "sk-one");
    EXPECT_EQ(shell("printf sk-two"), "sk-two");
}

TEST(Command, IsNotReadByAShell) {
    EXPECT_EQ(run({"/bin/echo", "a  b; echo $HOME `id` *"}), "a  b; echo $HOME `id` *");
}

TEST(Command, IsFoundInPathOrInItsFolder) {
    const Folder folder;
    EXPECT_EQ(run({"echo", "x"}), "x");
    (void)folder.write("key", "#!/bin/sh\npwd\n", 0755);
    EXPECT_EQ(run({"./key"}, {}, {}, folder.path()), folder.path().string());
    EXPECT_EQ(refusal(run({"no-such-program"})).message, "the command 'no-such-program' is not in PATH");
    (void)folder.write("text", "sk\n");
    EXPECT_THAT(refusal(run({"./text"}, {}, {}, folder.path())).message, HasSubstr("cannot be started"));
}

TEST(Command, GetsAMinimalEnvironmentAndNoInput) {
    ASSERT_EQ(::setenv("EMBEDQ_COMMAND_TEST", "leaked", 1), 0);
    EXPECT_EQ(shell("echo \"${EMBEDQ_COMMAND_TEST:-none} ${PATH:+path}\""), "none path");
    EXPECT_THAT(refusal(shell("cat")).message, EndsWith("printed nothing in its first line"));
}

TEST(Command, ThatFailsIsReportedWithoutWhatItPrinted) {
    for (const char* const script : {"echo hunter2; exit 3", "echo hunter2 >&2; exit 3"}) {
        const Error error = refusal(shell(script));
        EXPECT_EQ(error.kind, ErrorKind::misconfigured);
        EXPECT_EQ(to_string(error),
                  "the command '/bin/sh' ended with status 3; run it by hand as this user to see why");
    }
    EXPECT_THAT(refusal(shell("kill -9 $$")).message, EndsWith("was ended by signal 9"));
    EXPECT_THAT(refusal(shell("echo; echo second")).message, EndsWith("printed nothing in its first line"));
}

TEST(Command, ThatPrintsTooMuchIsKilled) {
    const Error error = refusal(shell("yes hunter2", {.output_bytes = 64U << 10U}));
    EXPECT_EQ(error.kind, ErrorKind::misconfigured);
    EXPECT_EQ(error.message, "the command '/bin/sh' printed more than 64 KiB, so it was killed");
}

TEST(Command, ThatTakesTooLongIsKilledWithItsGroup) {
    const Folder folder;
    const Error error =
        refusal(shell("sleep 1000 & echo $! > child; echo $$ > self; wait", {.time = 300ms}, {}, folder.path()));
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_EQ(error.message, "the command '/bin/sh' did not end within 0.3 s, so it was killed");
    for (const char* const name : {"self", "child"}) {
        std::string id;
        std::ifstream(folder.path() / name) >> id;
        // On a machine so busy that the shell did not come to it, there is none. A process that was killed ends when it
        // gets a processor.
        const auto end = std::chrono::steady_clock::now() + 30s;
        while (!id.empty() && runs(id) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
        if (!id.empty()) EXPECT_FALSE(runs(id)) << name;
    }
}

TEST(Command, ThatClosesItsOutputIsWaitedFor) {
    EXPECT_THAT(refusal(shell("exec >&-; sleep 1000", {.time = 50ms})).message, HasSubstr("did not end within"));
}

TEST(Command, WhatItLeavesInTheBackgroundIsNotWaitedFor) {
    EXPECT_EQ(shell("sleep 1000 & echo sk-one"), "sk-one");
}

TEST(Command, EndsOnAStop) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(refusal(shell("sleep 1000", {.time = 100s}, stop.get_token())).kind, ErrorKind::unavailable);
    std::stop_source later;
    const Folder folder;
    const std::jthread stopper([&] {
        while (!fs::exists(folder.path() / "started")) std::this_thread::yield();
        later.request_stop();
    });
    const Error error = refusal(shell("touch started; sleep 1000", {.time = 100s}, later.get_token(), folder.path()));
    EXPECT_EQ(error.message, "the command '/bin/sh' was stopped");
}

TEST(Command, ThatOthersMayReplaceIsNotRun) {
    const Folder folder;
    const auto program = folder.write("key", "#!/bin/sh\ntouch ran\necho sk\n", 0777);
    EXPECT_THAT(refusal(run({"./key"}, {}, {}, folder.path())).message, HasSubstr("has mode 0777"));
    EXPECT_FALSE(fs::exists(folder.path() / "ran"));
}

}  // namespace
}  // namespace embedq::files

#include "cli/renewed_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <string_view>
#include <thread>

#include "sync/mutex.h"

namespace embedq::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::milliseconds whole_time{10'000};

class Log final : public Logger {
public:
    void log(LogLevel, std::string_view message) override {
        const sync::Lock lock(mutex_);
        lines_.emplace_back(message);
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    std::vector<std::string> lines() {
        const sync::Lock lock(mutex_);
        return lines_;
    }

private:
    sync::Mutex mutex_;
    std::vector<std::string> lines_ EMBEDQ_GUARDED_BY(mutex_);
};

// What the server accepts, what secrets there are, and what happened.
struct World {
    std::string accepted = "one";
    std::string secret = "one";
    std::optional<Error> fault;  // of the reading of the secret
    std::int64_t stamp = 1;
    std::string digest = "d";
    std::atomic<int> read{0};
    std::atomic<int> made{0};
    std::vector<std::string> embedded_with;  // the secret of each call
    std::function<void()> on_embed;
    std::chrono::milliseconds time{0};
};

class KeyedProvider final : public Provider {
public:
    KeyedProvider(World& world, std::string key) : world_(world), key_(std::move(key)) {}

    Result<ProviderInfo> info(std::stop_token) override {
        if (key_ != world_.accepted) return refused();
        ProviderInfo info;
        info.model = "m";
        info.model_digest = world_.digest;
        info.dimension = 1;
        return info;
    }
    Result<EmbedResult> embed(const EmbedRequest&) override {
        if (world_.on_embed) world_.on_embed();
        if (key_ != world_.accepted) return refused();
        world_.embedded_with.push_back(key_);
        return EmbedResult{.matrix = {1.0F}, .dimension = 1};
    }

private:
    static std::unexpected<Error> refused() { return fail(ErrorKind::misconfigured, "status 401"); }
    World& world_;
    const std::string key_;
};

class RenewedProviderTest : public ::testing::Test {
protected:
    RenewedProvider::Source source() {
        return {.name = "ai",
                .stamps = [this] { return std::vector{config::FileStamp{.size = world.stamp}}; },
                .options = [this](const std::stop_token&, std::chrono::milliseconds time) -> Result<Options> {
                    ++world.read;
                    world.time = time;
                    if (world.fault) return std::unexpected(*world.fault);
                    Options options;
                    options.set("api_key", world.secret);
                    return options;
                },
                .make = [this](const Options& options) -> Result<std::unique_ptr<Provider>> {
                    ++world.made;
                    return std::make_unique<KeyedProvider>(world, options.get<std::string>("api_key"));
                }};
    }
    Result<EmbedResult> embed(std::stop_token stop = {}) {
        const std::string_view text = "text";
        return provider.embed({.texts = std::span(&text, 1), .stop = std::move(stop)});
    }
    void change(std::string secret) {
        world.secret = std::move(secret);
        ++world.stamp;
    }

    World world;
    Log log;
    RenewedProvider provider{source(), log};
};

TEST_F(RenewedProviderTest, ReadsItsSecretsWhenItIsFirstCalled) {
    EXPECT_EQ(world.read, 0);
    ASSERT_TRUE(provider.info({}));
    ASSERT_TRUE(embed());
    ASSERT_TRUE(embed());
    EXPECT_EQ(world.read, 1);
    EXPECT_EQ(world.made, 1);
    EXPECT_EQ(world.time, whole_time);
    EXPECT_THAT(log.lines(), IsEmpty());
}

TEST_F(RenewedProviderTest, AFileThatChangesIsReadBeforeTheNextCall) {
    ASSERT_TRUE(provider.info({}));
    change("two");
    world.accepted = "two";
    ASSERT_TRUE(embed());
    EXPECT_THAT(world.embedded_with, ElementsAre("two"));
    EXPECT_EQ(world.made, 2);
    EXPECT_THAT(log.lines(), ElementsAre("provider 'ai' uses the secrets that have changed"));
}

TEST_F(RenewedProviderTest, AFileThatIsWrittenAgainAsItWasChangesNothing) {
    ASSERT_TRUE(provider.info({}));
    change("one");
    ASSERT_TRUE(embed());
    EXPECT_EQ(world.read, 2);
    EXPECT_EQ(world.made, 1);
}

// A command's secret, or a file whose change its stamp does not show.
TEST_F(RenewedProviderTest, SecretsAreReadAgainWhenTheyAreRefused) {
    ASSERT_TRUE(provider.info({}));
    world.accepted = world.secret = "two";
    ASSERT_TRUE(embed());
    world.accepted = world.secret = "three";
    ASSERT_TRUE(provider.info({}));
    EXPECT_THAT(world.embedded_with, ElementsAre("two"));
    EXPECT_EQ(world.made, 3);
}

TEST_F(RenewedProviderTest, ARefusalWithTheSameSecretIsReturned) {
    ASSERT_TRUE(provider.info({}));
    world.accepted = "other";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(embed().error().message, "status 401");
    EXPECT_EQ(world.read, 4) << "once for each call";
    EXPECT_EQ(world.made, 1);
}

TEST_F(RenewedProviderTest, CallsThatAreRefusedTogetherReadOnce) {
    constexpr int calls = 8;
    ASSERT_TRUE(provider.info({}));
    world.accepted = "other";
    std::latch all(calls);
    world.on_embed = [&] { all.arrive_and_wait(); };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < calls; ++i) threads.emplace_back([&] { EXPECT_FALSE(embed()); });
    }
    EXPECT_EQ(world.read, 2);
}

TEST_F(RenewedProviderTest, AFileThatIsBeingReplacedDoesNotStopTheWork) {
    ASSERT_TRUE(provider.info({}));
    world.fault = Error{ErrorKind::misconfigured, "the secret's file is empty"};
    ++world.stamp;
    ASSERT_TRUE(embed());
    ++world.stamp;
    ASSERT_TRUE(embed());
    EXPECT_THAT(log.lines(), ElementsAre("provider 'ai' keeps its present secrets: the secret's file is empty"));
    world.fault.reset();
    change("two");
    world.accepted = "two";
    ASSERT_TRUE(embed());
    EXPECT_THAT(world.embedded_with, ElementsAre("one", "one", "two"));
}

TEST_F(RenewedProviderTest, ASecretThatCannotBeReadIsTheError) {
    world.fault = Error{ErrorKind::unavailable, "the command did not end"};
    EXPECT_EQ(provider.info({}).error().message, "the command did not end");
    world.fault.reset();
    ASSERT_TRUE(provider.info({}));
    world.fault = Error{ErrorKind::misconfigured, "the command ended with status 1"};
    world.accepted = "two";
    EXPECT_EQ(embed().error().message, "the command ended with status 1");
}

// The host takes its vectors for those of the model that it knows.
TEST_F(RenewedProviderTest, AnotherModelBehindTheNewSecretIsNotUsedUnnoticed) {
    ASSERT_TRUE(provider.info({}));
    world.digest = "e";
    change("two");
    world.accepted = "two";
    const auto refused = embed();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(refused.error().message, HasSubstr("has another model"));
    EXPECT_THAT(world.embedded_with, IsEmpty());
    EXPECT_EQ(provider.info({})->model_digest, "e");
    EXPECT_TRUE(embed());
}

TEST_F(RenewedProviderTest, TheTimeOfACallBoundsTheReading) {
    const std::string_view text = "text";
    ASSERT_TRUE(provider.embed({.texts = std::span(&text, 1), .deadline = std::chrono::steady_clock::now()}));
    EXPECT_EQ(world.time, std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace embedq::cli

// The wrapper, with plugins made in the test: their exceptions and wrong answers never reach the caller unchecked.
#include "loader/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "conformance/test_context.h"
#include "loader/registry.h"

namespace embedq::plugins {
namespace {

using conformance::TestContext;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// What the plugins of this file do next. Factories are plain functions, so it cannot be passed to them.
std::function<Result<std::unique_ptr<Provider>>(Context&)> provider_factory;
std::function<Result<std::unique_ptr<Notifier>>()> notifier_factory;
std::function<Result<std::unique_ptr<Service>>()> service_factory;

class ScriptedProvider final : public Provider {
public:
    Result<ProviderInfo> info(std::stop_token) override { return info_body(); }
    Result<EmbedResult> embed(const EmbedRequest&) override { return embed_body(); }

    std::function<Result<ProviderInfo>()> info_body = [] { return ProviderInfo{.dimension = 2}; };
    std::function<Result<EmbedResult>()> embed_body = [] { return EmbedResult{.matrix = {1, 0}, .dimension = 2}; };
};

class ScriptedNotifier final : public Notifier {
public:
    void publish() override { throw std::runtime_error("pipe closed"); }
    Wake wait(std::chrono::steady_clock::time_point, std::stop_token) override {
        if (broken) throw std::runtime_error("no socket");
        return Wake::notified;
    }
    std::string degraded() const override { throw 7; }

    bool broken = true;
};

class ScriptedService final : public Service {
public:
    Status start() override { throw std::logic_error("port"); }
    void stop() noexcept override {}
};

LoadedPlugin plugin_of(PluginKind kind) {
    static PluginDescriptor descriptors[5] = {};
    PluginDescriptor& descriptor = descriptors[static_cast<std::size_t>(kind)];
    descriptor.kind = kind;
    descriptor.name = "scripted";
    descriptor.make_provider = [](const Options&, Context& context) { return provider_factory(context); };
    descriptor.make_notifier = [](const Options&, Context&) { return notifier_factory(); };
    descriptor.make_service = [](const Options&, Context&, Engine&) { return service_factory(); };
    return {&descriptor, "/p/scripted.so"};
}

class GuardTest : public ::testing::Test {
protected:
    // The instance to script, and the guarded one.
    ScriptedProvider* scripted = nullptr;
    std::unique_ptr<Provider> provider() {
        provider_factory = [&](Context&) {
            auto made = std::make_unique<ScriptedProvider>();
            scripted = made.get();
            return made;
        };
        return make_provider(plugin_of(PluginKind::provider), {}, context).value();
    }
    Result<EmbedResult> embed(Provider& instance, std::size_t count = 1) {
        const std::vector<std::string_view> texts(count, "text");
        return instance.embed({.texts = texts});
    }

    TestContext context{"mine"};
};

TEST_F(GuardTest, FactoriesThatThrowOrReturnNothingAreErrors) {
    provider_factory = [](Context&) -> Result<std::unique_ptr<Provider>> { throw std::runtime_error("boom"); };
    auto made = make_provider(plugin_of(PluginKind::provider), {}, context);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::internal);
    EXPECT_THAT(to_string(made.error()), HasSubstr("provider 'mine' (plugin 'scripted') threw in its factory: boom"));
    EXPECT_EQ(made.error().detail, "/p/scripted.so");

    provider_factory = [](Context&) -> Result<std::unique_ptr<Provider>> { return nullptr; };
    made = make_provider(plugin_of(PluginKind::provider), {}, context);
    ASSERT_FALSE(made);
    EXPECT_THAT(to_string(made.error()), HasSubstr("returned neither an instance nor an error"));

    provider_factory = [](Context&) -> Result<std::unique_ptr<Provider>> {
        return fail(ErrorKind::misconfigured, "no model");
    };
    made = make_provider(plugin_of(PluginKind::provider), {}, context);
    ASSERT_FALSE(made);
    EXPECT_EQ(to_string(made.error()), "no model");
}

TEST_F(GuardTest, AnotherKindIsRefused) {
    const auto made = make_store(plugin_of(PluginKind::provider), {}, context);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(to_string(made.error()), "plugin 'scripted' (/p/scripted.so) is a provider, but a store is needed here");
}

TEST_F(GuardTest, WhatAProviderThrowsIsAnInternalError) {
    const auto instance = provider();
    scripted->embed_body = []() -> Result<EmbedResult> { throw std::runtime_error("bad json"); };
    EXPECT_THAT(to_string(embed(*instance).error()), HasSubstr("threw in embed: bad json"));
    scripted->embed_body = []() -> Result<EmbedResult> { throw 3; };
    const auto answer = embed(*instance);
    EXPECT_EQ(answer.error().kind, ErrorKind::internal);
    EXPECT_THAT(to_string(answer.error()), HasSubstr("threw in embed: 'int', which is not a std::exception"));
    scripted->info_body = []() -> Result<ProviderInfo> { throw std::bad_alloc(); };
    EXPECT_EQ(instance->info({}).error().kind, ErrorKind::internal);
}

TEST_F(GuardTest, AnswersAreValidatedAgainstTheInfo) {
    const auto instance = provider();
    EXPECT_TRUE(embed(*instance)) << "the wrapper calls info itself";
    EXPECT_THAT(to_string(embed(*instance, 2).error()),
                HasSubstr("provider 'mine' (plugin 'scripted') returned 1 row for 2 texts"));
    EXPECT_EQ(embed(*instance, 2).error().detail, "/p/scripted.so") << "the path is for who looks for the cause";
    scripted->info_body = [] { return ProviderInfo{.dimension = 3, .call_timeout = 20s}; };
    const auto info = instance->info({});
    ASSERT_TRUE(info);
    EXPECT_EQ(info->call_timeout, 20s);
    EXPECT_EQ(embed(*instance).error().kind, ErrorKind::misconfigured);
}

TEST_F(GuardTest, TheErrorOfInfoIsReturnedByEmbed) {
    const auto instance = provider();
    scripted->info_body = []() -> Result<ProviderInfo> { return fail(ErrorKind::unavailable, "down"); };
    EXPECT_EQ(to_string(embed(*instance).error()), "down");
    scripted->info_body = [] { return ProviderInfo{}; };
    EXPECT_THAT(to_string(embed(*instance).error()), HasSubstr("dimension 0"));
}

TEST_F(GuardTest, ErrorsOfTheProviderPassUnchanged) {
    const auto instance = provider();
    scripted->embed_body = []() -> Result<EmbedResult> {
        return std::unexpected(Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = 3s});
    };
    const auto answer = embed(*instance);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::throttled);
    EXPECT_EQ(answer.error().retry_after, 3s);
    scripted->embed_body = []() -> Result<EmbedResult> {
        return std::unexpected(
            Error{.kind = ErrorKind::unavailable, .message = "no answer in 20 s", .deadline_reached = true});
    };
    EXPECT_TRUE(embed(*instance).error().deadline_reached);
}

TEST_F(GuardTest, CallsAreCountedAndTimed) {
    const auto instance = provider();
    scripted->embed_body = [&]() -> Result<EmbedResult> {
        context.manual_clock().advance(5ms);
        return fail(ErrorKind::unavailable, "down");
    };
    EXPECT_FALSE(embed(*instance));
    EXPECT_FALSE(embed(*instance));
    const auto rows = call_statistics(*instance);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].verb, "info");
    EXPECT_EQ(rows[0].calls, 1U);
    EXPECT_EQ(rows[0].errors, 0U);
    EXPECT_EQ(rows[1].verb, "embed");
    EXPECT_EQ(rows[1].calls, 2U);
    EXPECT_EQ(rows[1].errors, 2U);
    EXPECT_EQ(rows[1].total, 10ms);
    EXPECT_TRUE(call_statistics(static_cast<const Provider&>(*scripted)).empty());
}

TEST_F(GuardTest, WhatHasNotReturnedIsSeenWithItsBegin) {
    const auto instance = provider();
    const auto running = [&] { return call_statistics(*instance)[1]; };
    const auto begin = context.clock().now();
    std::size_t depth = 0;
    scripted->embed_body = [&]() -> Result<EmbedResult> {
        context.manual_clock().advance(2s);
        EXPECT_EQ(running().running, depth + 1);
        EXPECT_EQ(running().running_since, begin) << "of the longest";
        if (++depth < 2) EXPECT_FALSE(embed(*instance));
        return fail(ErrorKind::unavailable, "down");
    };
    EXPECT_FALSE(embed(*instance));
    EXPECT_EQ(depth, 2U);
    EXPECT_EQ(running().running, 0U);
    EXPECT_FALSE(running().running_since);
}

TEST_F(GuardTest, ManyThreadsAreCountedExactly) {
    const auto instance = provider();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int call = 0; call < 100; ++call) EXPECT_TRUE(embed(*instance));
            });
        }
    }
    EXPECT_EQ(call_statistics(*instance)[1].calls, 400U);
}

class GuardedNotifierTest : public GuardTest {
protected:
    ScriptedNotifier* inner = nullptr;
    std::unique_ptr<Notifier> notifier() {
        notifier_factory = [&] {
            auto made = std::make_unique<ScriptedNotifier>();
            inner = made.get();
            return made;
        };
        return make_notifier(plugin_of(PluginKind::notifier), {}, context).value();
    }
};

TEST_F(GuardedNotifierTest, PublishNeverThrowsAndLogs) {
    const auto instance = notifier();
    EXPECT_NO_THROW(instance->publish());
    ASSERT_EQ(context.logger().lines().size(), 1U);
    EXPECT_THAT(context.logger().lines()[0].second,
                HasSubstr("notifier 'mine' (plugin 'scripted') threw in publish: pipe closed"));
    EXPECT_EQ(call_statistics(*instance)[0].errors, 1U);
}

TEST_F(GuardedNotifierTest, AWaitThatThrowsLastsUntilDeadlineOrStopAndReportsWhy) {
    const auto instance = notifier();
    EXPECT_EQ(instance->wait(std::chrono::steady_clock::time_point::min(), {}), Wake::timeout);
    EXPECT_THAT(instance->degraded(), HasSubstr("threw in wait: no socket"));
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(instance->wait(std::chrono::steady_clock::time_point::max(), source.get_token()), Wake::stopped);

    inner->broken = false;
    EXPECT_EQ(instance->wait(std::chrono::steady_clock::time_point::max(), {}), Wake::notified);
    EXPECT_THAT(instance->degraded(), HasSubstr("threw in degraded")) << "the error of the wait has been cleared";
}

TEST_F(GuardTest, AServiceThatThrowsInStartFails) {
    service_factory = [] { return std::make_unique<ScriptedService>(); };
    // Never used by the plugin.
    auto* no_engine = reinterpret_cast<Engine*>(alignof(std::max_align_t));  // NOLINT(performance-no-int-to-ptr)
    const auto instance = make_service(plugin_of(PluginKind::service), {}, context, *no_engine).value();
    EXPECT_THAT(to_string(instance->start().error()), HasSubstr("threw in start: port"));
    instance->stop();
    EXPECT_EQ(call_statistics(*instance)[1].calls, 1U);
}

}  // namespace
}  // namespace embedq::plugins

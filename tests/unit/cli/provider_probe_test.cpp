#include "cli/provider_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "sync/sleep.h"

namespace embedq::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class FakeProvider : public Provider {
public:
    explicit FakeProvider(std::function<Result<ProviderInfo>(std::stop_token)> what) : what_(std::move(what)) {}
    Result<ProviderInfo> info(std::stop_token stop) override { return what_(std::move(stop)); }
    Result<EmbedResult> embed(const EmbedRequest&) override { return fail(ErrorKind::unsupported, "not asked"); }

private:
    std::function<Result<ProviderInfo>(std::stop_token)> what_;
};

std::shared_ptr<Provider> provider(std::function<Result<ProviderInfo>(std::stop_token)> what) {
    return std::make_shared<FakeProvider>(std::move(what));
}

TEST(ProviderProbe, ReturnsTheProvidersAnswer) {
    ProviderProbe good(provider([](const std::stop_token&) -> Result<ProviderInfo> {
                           ProviderInfo info;
                           info.model = "m";
                           return info;
                       }),
                       nullptr);
    EXPECT_EQ(good.answer(steady_clock::now() + 1min, 1min).value().model, "m");
    ProviderProbe bad(provider([](const std::stop_token&) -> Result<ProviderInfo> {
                          return fail(ErrorKind::misconfigured, "a wrong key", "correct it");
                      }),
                      nullptr);
    EXPECT_EQ(to_string(bad.answer(steady_clock::now() + 1min, 1min).error()), "a wrong key; correct it");
}

TEST(ProviderProbe, WithoutAnAnswerInTimeFailsAndStopsTheProvider) {
    bool stopped = false;
    {
        ProviderProbe probe(provider([&](const std::stop_token& stop) -> Result<ProviderInfo> {
                                sync::sleep_until_stopped(stop);
                                stopped = true;
                                return fail(ErrorKind::unavailable, "stopped");
                            }),
                            nullptr, 1min);
        const auto answer = probe.answer(steady_clock::now() + 10ms, 5s);
        EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
        EXPECT_EQ(to_string(answer.error()),
                  "no answer within 5.0 s; see that its endpoints run and can be reached from here");
    }
    EXPECT_TRUE(stopped) << "the thread is waited for";
}

TEST(ProviderProbe, LeavesAHangingProviderRunningWithItsSurroundings) {
    std::promise<void> gate;
    auto opened = gate.get_future();
    const auto surroundings = std::make_shared<int>(7);
    std::promise<void> over;
    {
        ProviderProbe probe(provider([&](const std::stop_token&) -> Result<ProviderInfo> {
                                opened.wait();
                                over.set_value_at_thread_exit();
                                return ProviderInfo{};
                            }),
                            surroundings, 10ms);
        EXPECT_FALSE(probe.answer(steady_clock::now() + 10ms, 5s));
    }
    EXPECT_EQ(surroundings.use_count(), 2) << "the provider still uses them";
    gate.set_value();
    over.get_future().wait();
    EXPECT_EQ(surroundings.use_count(), 1);
}

}  // namespace
}  // namespace embedq::cli

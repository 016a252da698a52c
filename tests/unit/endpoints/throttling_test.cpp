// What an endpoint does at servers with limits that nobody stated: how many calls are refused, and how much of the
// limit is used.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "limited_servers.h"

namespace embedq::endpoints {
namespace {

constexpr Counting every_counting[] = {Counting::fixed_window, Counting::sliding_window, Counting::token_bucket};

constexpr double no_limit = 1e9;

std::string name_of(const Limit& limit, std::size_t concurrency) {
    const char* const names[] = {"fixed window", "sliding window", "token bucket"};
    return std::string(names[static_cast<int>(limit.counting)]) + ", " + std::to_string(limit.calls) + " in " +
           std::to_string(limit.window) + " s, tells: " + std::to_string(limit.tells) +
           ", always: " + std::to_string(limit.always_tells) + ", concurrency " + std::to_string(concurrency);
}

std::vector<Limit> every_limit() {
    std::vector<Limit> limits;
    for (const Counting counting : every_counting) {
        for (const auto& [calls, window] :
             {std::pair{3.0, 60.0}, {20.0, 60.0}, {100.0, 60.0}, {2.0, 1.0}, {10.0, 1.0}, {50.0, 1.0}}) {
            limits.push_back({counting, calls, window});
            limits.push_back({counting, calls, window, true});
            limits.push_back({counting, calls, window, false, window > 1 ? 5.0 : 3.0});
        }
    }
    return limits;
}

TEST(Throttling, NoLimitCostsMoreThanATenthAndMostOfItIsUsed) {
    constexpr double latency = 0.1;
    for (const Limit& limit : every_limit()) {
        for (const std::size_t concurrency : {1U, 4U, 16U}) {
            SCOPED_TRACE(name_of(limit, concurrency));
            LimitedServer server(limit);
            LimitedClient client(server, concurrency, latency);
            const double possible = std::min(limit.per_second(), static_cast<double>(concurrency) / latency);
            const double seconds = std::max(90.0, 150 / possible);
            client.run_for(seconds);
            EXPECT_LE(static_cast<double>(server.refused), 0.1 * static_cast<double>(server.accepted) + 2);
            const std::size_t accepted = server.accepted;
            const std::size_t refused = server.refused;
            client.run_for(seconds);
            const auto accepted_later = static_cast<double>(server.accepted - accepted);
            EXPECT_LE(static_cast<double>(server.refused - refused), 0.1 * accepted_later);
            EXPECT_GE(accepted_later, 0.8 * possible * seconds);
        }
    }
}

TEST(Throttling, ThreeCallsAMinuteAreFoundWithThreeRefusals) {
    for (const Counting counting : every_counting) {
        SCOPED_TRACE(name_of({counting, 3, 60}, 4));
        LimitedServer server({counting, 3, 60});
        LimitedClient client(server, 4, 0.3);
        client.run_for(198);
        EXPECT_GE(server.accepted, 9U);
        EXPECT_LE(server.refused, 3U);
    }
}

TEST(Throttling, TwoCallsASecondAreFoundWithTwoRefusals) {
    for (const Counting counting : every_counting) {
        for (const double stated : {0.0, 3.0}) {
            const Limit limit{counting, 2, 1, false, stated};
            SCOPED_TRACE(name_of(limit, 8));
            LimitedServer server(limit);
            LimitedClient client(server, 8, 0.05);
            client.run_for(30);
            EXPECT_GE(server.accepted, stated > 0 ? 20U : 45U);
            EXPECT_LE(static_cast<double>(server.refused), 0.1 * static_cast<double>(server.accepted) + 2);
        }
    }
}

TEST(Throttling, ARaisedLimitIsFoundAndUsed) {
    for (const Counting counting : every_counting) {
        SCOPED_TRACE(name_of({counting, 2, 1}, 8));
        LimitedServer server({counting, 2, 1});
        LimitedClient client(server, 8, 0.1);
        client.run_for(120);
        server.change(20);
        client.run_for(600);
        const std::size_t accepted = server.accepted;
        client.run_for(60);
        EXPECT_GE(server.accepted - accepted, 20U * 60U * 8 / 10);
    }
}

TEST(Throttling, ALoweredLimitIsFoundWithFewRefusals) {
    for (const Counting counting : every_counting) {
        SCOPED_TRACE(name_of({counting, 20, 1}, 8));
        LimitedServer server({counting, 20, 1});
        LimitedClient client(server, 8, 0.1);
        client.run_for(120);
        server.change(2);
        const std::size_t refused = server.refused;
        client.run_for(60);
        EXPECT_LE(server.refused - refused, 60U * 2U / 10 + 2);
    }
}

// No rate makes such a server refuse fewer calls, so none is kept to.
TEST(Throttling, RefusalsAtRandomCostLittleThroughput) {
    constexpr double latency = 0.1;
    constexpr double seconds = 300;
    constexpr std::size_t concurrency = 4;
    constexpr std::uint32_t servers = 4;
    // The more it refuses, the more it looks like a limit at first.
    for (const auto& [share, used] : {std::pair{0.1, 0.6}, {0.2, 0.6}, {0.4, 0.35}}) {
        SCOPED_TRACE(share);
        double accepted = 0;
        for (std::uint32_t seed = 1; seed <= servers; ++seed) {
            LimitedServer server({.calls = no_limit, .at_random = share}, seed);
            LimitedClient client(server, concurrency, latency);
            client.run_for(seconds);
            accepted += static_cast<double>(server.accepted);
        }
        EXPECT_GE(accepted, used * (1 - share) * seconds * servers * concurrency / latency);
    }
}

TEST(Throttling, WhereTheServerStatesAWaitForRefusalsAtRandomItIsKeptToAndNoRateIs) {
    LimitedServer server({.calls = no_limit, .always_tells = 1, .at_random = 0.2});
    LimitedClient client(server, 1, 0.1);
    client.run_for(300);
    const std::size_t accepted = server.accepted;
    client.run_for(300);
    // Five calls take half a second, and one of them costs a pause.
    EXPECT_GE(server.accepted - accepted, 300U * 4 * 6 / 10 * 2 / 3);
}

TEST(Throttling, ALimitIsFoundThoughRefusalsWereAtRandom) {
    LimitedServer server({.calls = no_limit, .at_random = 0.2});
    LimitedClient client(server, 4, 0.1);
    client.run_for(300);
    ASSERT_EQ(client.rate(), 0) << "no rate was learned from refusals at random";
    server.change(2);
    client.run_for(60);
    const std::size_t accepted = server.accepted;
    const std::size_t refused = server.refused;
    client.run_for(300);
    EXPECT_LE(server.refused - refused, server.accepted - accepted) << "not the nine tenths above the limit";
}

}  // namespace
}  // namespace embedq::endpoints

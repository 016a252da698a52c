// Sources that are due are asked again: each by one process, at its interval, and sooner where they cannot be had.
#include "cli/refresher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/indexer.h"
#include "conformance/test_context.h"
#include "engine/host_engine.h"
#include "fake_engine.h"
#include "memory/store.h"
#include "silent_notifier.h"

namespace embedq::cli {
namespace {

using namespace std::chrono_literals;  // NOLINT
using cli::testing::FakeFetcher;
using cli::testing::SilentNotifier;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string pets = "https://a.example/pets.yaml";

std::string document(const std::string& title) {
    return "openapi: 3.0.0\ninfo: {title: " + title + ", version: '1'}\npaths: {}\n";
}

class RefresherTest : public ::testing::Test {
protected:
    RefresherTest() {
        EXPECT_TRUE(store_->migrate());
        pages_[pets] = {.content = document("one"), .validator = "v1"};
    }

    void index(std::optional<RefreshInterval> refresh, const std::vector<std::string>& urls = {pets}) {
        FakeFetcher fetcher(pages_, asked_);
        FoundDocuments found = find_documents(urls, {}, &fetcher);
        ASSERT_TRUE(settle_names(*engine_, "default", found));
        if (refresh) prepare_refresh(found, *refresh);
        IndexerSettings settings;
        settings.fetcher = &fetcher;
        settings.refresh = refresh;
        ASSERT_TRUE(put_documents(*engine_, found.files, settings));
        asked_.clear();
    }
    std::size_t refresh(Refresher& refresher) { return refresher.refresh_due({}).value(); }
    [[nodiscard]] std::unique_ptr<Refresher> refresher(const FetchSettings& fetch = {}) {
        return std::make_unique<Refresher>(*engine_, std::make_unique<FakeFetcher>(pages_, asked_), fetch, context_);
    }
    std::ptrdiff_t lines(LogLevel level) {
        return std::ranges::count(context_.logger().lines(), level, [](const auto& line) { return line.first; });
    }
    SpecInfo spec() { return engine_->specs("default", "", 10)->at(0); }

    std::map<std::string, FakeFetcher::Page> pages_;
    std::vector<std::string> asked_;
    conformance::TestContext context_{"test"};
    std::unique_ptr<Store> store_ = memory::make_store(context_);
    SilentNotifier notifier_;
    endpoints::ProviderDirectory providers_{{}};
    std::unique_ptr<engine::HostEngine> engine_ =
        engine::make_engine(*store_, notifier_, providers_, {"none", {}}, context_);
};

TEST_F(RefresherTest, ASourceIsAskedAtItsInterval) {
    index(1h);
    const auto one = refresher();
    EXPECT_EQ(refresh(*one), 0U);
    context_.manual_clock().advance(1h);
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_THAT(asked_, ElementsAre(pets + " v1"));
    EXPECT_EQ(refresh(*one), 0U);
    pages_[pets] = {.content = document("two"), .validator = "v2"};
    context_.manual_clock().advance(59min);
    EXPECT_EQ(refresh(*one), 0U) << "unchanged counts from when it was asked";
    context_.manual_clock().advance(1min);
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_EQ(spec().title, "two");
    EXPECT_EQ(spec().record.refresh, 1h);
}

TEST_F(RefresherTest, TwoProcessesAskOnce) {
    index(1h);
    context_.manual_clock().advance(2h);
    const auto one = refresher();
    const auto two = refresher();
    EXPECT_EQ(refresh(*one) + refresh(*two), 1U);
    EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(RefresherTest, OneThatCannotBeHadIsAskedAgainSoonAndKeepsItsSpec) {
    index(24h);
    context_.manual_clock().advance(24h);
    pages_[pets].error = Error{ErrorKind::unavailable, "connection refused"};
    const auto one = refresher();
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_EQ(spec().title, "one");
    context_.manual_clock().advance(12min);
    pages_[pets] = {.content = document("two"), .validator = "v2"};
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_EQ(spec().title, "two");
    context_.manual_clock().advance(23h);
    EXPECT_EQ(refresh(*one), 0U);
}

TEST_F(RefresherTest, EachSourceThatFailsIsNamedOnceAtTheBeginAndOnceAtTheEnd) {
    const std::string toys = "https://a.example/toys.yaml";
    pages_[toys] = {.content = document("toys"), .validator = "v1"};
    index(1h, {pets, toys});
    context_.manual_clock().advance(1h);
    for (const auto& url : {pets, toys}) pages_[url].error = Error{ErrorKind::unavailable, "connection refused"};
    const auto one = refresher();
    EXPECT_EQ(refresh(*one), 2U);
    EXPECT_EQ(lines(LogLevel::warn), 2);
    EXPECT_THAT(context_.logger().lines().back().second, HasSubstr("trying again in 11 min: "));
    for (int i = 0; i < 20; ++i) {
        context_.manual_clock().advance(12min);
        refresh(*one);
    }
    EXPECT_EQ(lines(LogLevel::warn), 2) << "it is named when it begins";
    EXPECT_EQ(lines(LogLevel::info), 0);
    pages_[pets].error.reset();
    context_.manual_clock().advance(2h);
    refresh(*one);
    EXPECT_EQ(lines(LogLevel::info), 1) << "one works again while the other fails";
}

TEST_F(RefresherTest, ASourceThatFailsIsAskedLaterAndLater) {
    index(1h);
    context_.manual_clock().advance(1h);
    pages_[pets].error = Error{ErrorKind::unavailable, "connection refused"};
    const auto one = refresher();
    for (int i = 0; i < 240; ++i) {  // four hours
        refresh(*one);
        context_.manual_clock().advance(1min);
    }
    EXPECT_GE(asked_.size(), 5U);
    EXPECT_LE(asked_.size(), 9U) << "every 11 minutes it would be 22";
}

TEST_F(RefresherTest, WhatIsRefusedIsAnotherFaultAndAskedForAtItsInterval) {
    index(1h);
    context_.manual_clock().advance(1h);
    pages_[pets] = {.content = "openapi: 3.0.0\npaths: {", .validator = "v2"};
    const auto one = refresher();
    EXPECT_EQ(refresh(*one), 1U);
    ASSERT_EQ(lines(LogLevel::warn), 1);
    EXPECT_THAT(context_.logger().lines().back().second, HasSubstr("is refused, and the stored document stays"));
    EXPECT_EQ(spec().title, "one");
    context_.manual_clock().advance(59min);
    EXPECT_EQ(refresh(*one), 0U) << "its source was asked";
    pages_[pets].error = Error{ErrorKind::unavailable, "connection refused"};
    context_.manual_clock().advance(1min);
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_EQ(lines(LogLevel::warn), 2) << "it is another fault now";
    EXPECT_THAT(context_.logger().lines().back().second, HasSubstr("cannot refresh default/"));
}

TEST_F(RefresherTest, NoOtherProcessGetsASourceWhileItsFetchMayLast) {
    index(1h);
    context_.manual_clock().advance(1h);
    const auto other = refresher();
    std::size_t asked_by_other = 0;
    pages_[pets].during = [&] {
        pages_[pets].during = {};
        context_.manual_clock().advance(59min);
        asked_by_other = refresh(*other);
    };
    EXPECT_EQ(refresh(*refresher({.timeout = 1h})), 1U);
    EXPECT_EQ(asked_by_other, 0U);
}

TEST_F(RefresherTest, ASpecThatIsDeletedDuringTheFetchStaysDeleted) {
    index(1h);
    context_.manual_clock().advance(1h);
    pages_[pets] = {.content = document("two"), .validator = "v2"};
    pages_[pets].during = [&] { ASSERT_TRUE(engine_->delete_catalog("default")); };
    EXPECT_EQ(refresh(*refresher()), 1U);
    EXPECT_THAT(engine_->catalogs().value(), IsEmpty());
    EXPECT_EQ(lines(LogLevel::warn) + lines(LogLevel::info), 0);
}

TEST_F(RefresherTest, TheIntervalIsKeptChangedAndEnded) {
    index(1h);
    index(std::nullopt);
    EXPECT_EQ(spec().record.refresh, 1h);
    index(2h);
    EXPECT_EQ(spec().record.refresh, 2h) << "though the document is the same";
    index(0ms);
    context_.manual_clock().advance(24h * 30);
    EXPECT_EQ(refresh(*refresher()), 0U);
    EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(RefresherTest, AnIntervalForAllIsForThoseWithoutOneOfTheirOwn) {
    const std::string toys = "https://a.example/toys.yaml";
    pages_[toys] = {.content = document("toys"), .validator = "v1"};
    index(3h);
    index(std::nullopt, {toys});
    const auto one = refresher({.refresh = 1h});
    const auto two = refresher({.refresh = 2h});
    context_.manual_clock().advance(1h);
    EXPECT_EQ(refresh(*two), 0U);
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_EQ(refresh(*one) + refresh(*two), 0U) << "it was asked";
    EXPECT_THAT(asked_, ElementsAre(toys + " v1"));
    context_.manual_clock().advance(2h);
    EXPECT_EQ(refresh(*refresher()), 1U) << "the one with an interval of its own";
    EXPECT_THAT(asked_, ElementsAre(toys + " v1", pets + " v1"));
    EXPECT_EQ(refresh(*two) + refresh(*one), 1U);
    for (const SpecInfo& info : engine_->specs("default", "", 10).value()) EXPECT_EQ(info.generation, 1U);
}

TEST_F(RefresherTest, NeverWinsOverTheIntervalForAllUntilItIsTakenBack) {
    index(0ms);
    const auto one = refresher({.refresh = 1h});
    context_.manual_clock().advance(24h);
    EXPECT_EQ(refresh(*one), 0U);
    index(RefreshInterval());
    EXPECT_EQ(spec().record.refresh, std::nullopt);
    context_.manual_clock().advance(1h);
    EXPECT_EQ(refresh(*one), 1U);
}

TEST_F(RefresherTest, WhatIsRefusedWithoutAnIntervalOfItsOwnIsAskedForAtThatForAll) {
    index(std::nullopt);
    context_.manual_clock().advance(1h);
    pages_[pets] = {.content = "openapi: 3.0.0\npaths: {", .validator = "v2"};
    const auto one = refresher({.refresh = 1h});
    ASSERT_EQ(refresh(*one), 1U);
    EXPECT_THAT(context_.logger().lines().back().second, HasSubstr("it is asked for again in 60 min: "));
    context_.manual_clock().advance(59min);
    EXPECT_EQ(refresh(*one), 0U);
    context_.manual_clock().advance(1min);
    EXPECT_EQ(refresh(*one), 1U);
}

TEST_F(RefresherTest, AskingByHandPutsTheNextTimeOff) {
    index(1h);
    context_.manual_clock().advance(50min);
    index(std::nullopt);
    context_.manual_clock().advance(50min);
    EXPECT_EQ(refresh(*refresher()), 0U);
}

}  // namespace
}  // namespace embedq::cli

// Sources that are due are asked again: each by one process, at its interval, and sooner where they cannot be had.
#include "cli/refresher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
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

    void index(std::optional<std::chrono::milliseconds> refresh) {
        FakeFetcher fetcher(pages_, asked_);
        FoundDocuments found = find_documents(std::vector{pets}, {}, &fetcher);
        ASSERT_TRUE(settle_names(*engine_, "default", found));
        if (refresh) prepare_refresh(found, *refresh);
        IndexerSettings settings;
        settings.fetcher = &fetcher;
        settings.refresh = refresh;
        ASSERT_TRUE(put_documents(*engine_, found.files, settings));
        asked_.clear();
    }
    std::size_t refresh(Refresher& refresher) { return refresher.refresh_due({}).value(); }
    [[nodiscard]] std::unique_ptr<Refresher> refresher() {
        return std::make_unique<Refresher>(
            *engine_, [this] { return std::make_unique<FakeFetcher>(pages_, asked_); }, context_);
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
    context_.manual_clock().advance(5min);
    pages_[pets] = {.content = document("two"), .validator = "v2"};
    EXPECT_EQ(refresh(*one), 1U);
    EXPECT_EQ(spec().title, "two");
    context_.manual_clock().advance(23h);
    EXPECT_EQ(refresh(*one), 0U);
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

TEST_F(RefresherTest, AskingByHandPutsTheNextTimeOff) {
    index(1h);
    context_.manual_clock().advance(50min);
    index(std::nullopt);
    context_.manual_clock().advance(50min);
    EXPECT_EQ(refresh(*refresher()), 0U);
}

}  // namespace
}  // namespace embedq::cli

// What a process claims, and what it leaves to others. With a real memory store, in real time.
#include <gtest/gtest.h>

#include "pipeline_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;

class ClaimerTest : public PipelineTest {
protected:
    // A job as dead workers leave it: claimed, and not released until its lease expires.
    void let_expire(const Sha256& fingerprint, int times) {
        for (int i = 0; i < times; ++i) {
            ClaimRequest request;
            request.worker_id = "a worker that dies";
            request.fingerprints = {fingerprint};
            request.max_jobs = 1;
            request.max_texts = 1;
            request.lease = milliseconds(1);
            request.allow_suspect = true;
            ASSERT_EQ(store->claim(request).value().size(), 1U);
            ASSERT_TRUE(eventually([&] { return store->reap(5).value().requeued == 1; }));
        }
    }
};

TEST_F(ClaimerTest, WorkThatAProcessCannotDoSoonIsLeftToOthers) {
    for (int i = 0; i < 40; ++i) put("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 10));
    // Its model never answers. It holds what its endpoints take (2 calls of 16), and as much again.
    Gate gate;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        gate.wait();
        return std::nullopt;
    });
    const auto slow = start();
    ASSERT_TRUE(eventually([&] { return provider->calls() == 2; }));
    EXPECT_LE(slow->counters().jobs_claimed, 8U);
    const auto quick = std::make_shared<ScriptedProvider>("model");
    endpoints::ProviderDirectory others = directory(quick);
    Scheduler beside(*store, notifier, others, settings, context);
    ASSERT_TRUE(beside.start());
    EXPECT_TRUE(eventually([&] { return beside.counters().jobs_succeeded >= 32U; }));
    gate.open();
    EXPECT_TRUE(eventually([&] { return settled(); }));
}

TEST_F(ClaimerTest, ASlowProviderDoesNotFillAnothersWindow) {
    settings.prefetch_texts = 512;
    const auto quick = std::make_shared<ScriptedProvider>("another model");
    endpoints::ProviderDirectory both({{"p", "scripted", provider, {}}, {"q", "scripted", quick, {}}});
    ASSERT_TRUE(store->put_catalog({"d", {}, {}, {}, {}}));
    const CatalogTarget target{"d", "q", both.known_or_probe("q").value()->profile};
    ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    Gate gate;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        gate.wait();
        return std::nullopt;
    });
    for (int i = 0; i < 100; ++i) put("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 10));
    Scheduler scheduler(*store, notifier, both, settings, context);
    ASSERT_TRUE(scheduler.start());
    ASSERT_TRUE(eventually([&] { return provider->calls() == 2; }));
    for (int i = 0; i < 100; ++i) {
        SpecWrite write = spec("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 10));
        write.catalog_id = "d";
        ASSERT_TRUE(store->put_specs(std::span(&write, 1)));
    }
    notifier.publish();
    EXPECT_TRUE(eventually([&] { return store->settlement("d", {}).value().missing() == 0; }));
    EXPECT_EQ(provider->calls(), 2);
    gate.open();
    EXPECT_TRUE(eventually([&] { return settled(); }));
}

// Only a process that holds nothing else may claim a suspect, and with a queue that never ends it always holds
// something.
TEST_F(ClaimerTest, ASuspectIsNotStarvedByAQueueThatNeverEnds) {
    put("suspect", {"held by two workers that died"});
    let_expire(providers.known_or_probe("p").value()->profile.fingerprint, 1);
    // The suspect is due after these, and each of their calls adds work for the next ones.
    for (const char* name : {"first", "second", "third"}) put(name, numbered(std::string("text of ") + name, 40));
    let_expire(providers.known_or_probe("p").value()->profile.fingerprint, 1);
    std::atomic<int> written = 0;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        const std::string name = "spec" + std::to_string(++written);
        put(name, numbered("text of " + name, 40));
        return std::nullopt;
    });
    const auto scheduler = start();
    const std::string suspect = "suspect";
    const auto done = [&] { return store->statuses("c", std::span(&suspect, 1)).value().at(0).embedding_count == 1; };
    EXPECT_TRUE(eventually(done));
    EXPECT_GT(written, 3) << "the queue did not end before that";
    provider->script({});
}

}  // namespace
}  // namespace embedq::scheduler

// Whom a failed call is charged to: the endpoint, or the text that was sent. A control decides.
#include <gmock/gmock.h>

#include "pipeline_fixture.h"

namespace embedq::scheduler {
namespace {

class BlameTest : public PipelineTest {
protected:
    // Every call with the text fails with the error.
    void fail_text(const std::string& bad, const Error& error) {
        provider->script([=](const EmbedRequest& request, int) -> std::optional<Error> {
            if (std::ranges::find(request.texts, bad) == request.texts.end()) return std::nullopt;
            return error;
        });
    }
    Job job_of(const std::string& spec) {
        for (const Job& job : jobs()) {
            if (job.spec_name == spec) return job;
        }
        return {};
    }
    bool paused() { return !store->endpoint_states()->empty(); }
    bool ever_paused() {
        return std::ranges::any_of(context.logged(),
                                   [](const std::string& line) { return line.contains("is paused"); });
    }
};

TEST_F(BlameTest, AloneATextThatIsNeverAnsweredUsesUpItsAttemptsAndPausesNobody) {
    settings.max_attempts = 3;
    const Error errors[] = {{.kind = ErrorKind::unavailable, .message = "the connection was closed"},
                            {.kind = ErrorKind::unavailable, .message = "no answer in time", .deadline_reached = true},
                            {.kind = ErrorKind::internal, .message = "answered nonsense"}};
    const auto scheduler = start();
    int n = 0;
    for (const Error& error : errors) {
        const std::string bad = "bad-" + std::to_string(++n);
        fail_text(bad, error);
        put(bad, {bad});
        ASSERT_TRUE(eventually([&] { return job_of(bad).status == JobStatus::failed; })) << error.message;
        EXPECT_EQ(job_of(bad).attempts, 3U) << error.message;
        EXPECT_EQ(job_of(bad).last_error, "operation 'op 0': " + error.message);
        EXPECT_EQ(provider->times_sent(bad), 6) << error.message;
        EXPECT_FALSE(ever_paused()) << error.message;
    }
    put("good", numbered("good", 10));
    EXPECT_TRUE(eventually([&] { return job_of("good").status == JobStatus::succeeded; }));
}

// For example a server that resets connections at random: then the control passes by chance, too.
TEST_F(BlameTest, ATextThatFailsOnceBesideAnAnsweredControlIsNotCharged) {
    settings.max_attempts = 1;
    const auto fails_once = [this](const EmbedRequest& request, int) -> std::optional<Error> {
        const std::string text(request.texts.front());
        if (ScriptedProvider::is_sample(text) || request.texts.size() > 1 || provider->times_sent(text) > 1)
            return std::nullopt;
        return Error{ErrorKind::unavailable, "the connection was reset"};
    };
    provider->script(fails_once);
    const auto scheduler = start();
    for (int i = 0; i < 5; ++i) {
        put("spec-" + std::to_string(i), {"text " + std::to_string(i)});
        ASSERT_TRUE(eventually([&] { return settled(); }));
    }
    EXPECT_EQ(provider->samples(), 5);
    for (const Job& job : jobs()) EXPECT_EQ(job.attempts, 0U) << job.spec_name;
    EXPECT_EQ(jobs(JobStatus::succeeded).size(), 5U);
}

TEST_F(BlameTest, AnEndpointThatLosesCallsWithoutAPauseIsLoggedOnce) {
    provider->script([this](const EmbedRequest& request, int) -> std::optional<Error> {
        const std::string text(request.texts.front());
        if (!text.starts_with("lost") || provider->times_sent(text) > 1) return std::nullopt;
        return Error{ErrorKind::unavailable, "the connection was reset"};
    });
    const auto scheduler = start();
    for (int i = 0; i < 5; ++i) {
        for (const std::string stem : {"good ", "lost "}) {
            put(stem.substr(0, 4) + std::to_string(i), {stem + std::to_string(i)});
            ASSERT_TRUE(eventually([&] { return settled(); }));
        }
    }
    const auto logged = context.logged();
    EXPECT_EQ(std::ranges::count(logged,
                                 "endpoint 'default' of provider 'p' lost 3 of the last 12 calls, "
                                 "and the work goes on: the connection was reset"),
              1)
        << testing::PrintToString(logged);
    EXPECT_EQ(std::ranges::count_if(logged, [](const std::string& line) { return line.contains(" lost "); }), 1);
    EXPECT_FALSE(ever_paused());
}

// The server asks for a pause each time, so that no control may follow at once: the trial after the pause is one.
TEST_F(BlameTest, ATextWhoseServerAsksForAPauseUsesUpItsAttemptsToo) {
    settings.max_attempts = 3;
    fail_text("bad",
              {.kind = ErrorKind::unavailable, .message = "status 503", .retry_after = std::chrono::milliseconds(10)});
    put("good", {"good"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    put("bad", {"bad"});
    ASSERT_TRUE(eventually([&] { return job_of("bad").status == JobStatus::failed; }));
    EXPECT_EQ(job_of("bad").attempts, 3U);
    EXPECT_EQ(provider->times_sent("bad"), 6);
    EXPECT_EQ(provider->samples(), 5) << "one after each pause";
}

TEST_F(BlameTest, AmongOthersATextThatIsNeverAnsweredHoldsUpNoneOfThem) {
    settings.max_attempts = 2;
    fail_text("bad 7", {ErrorKind::unavailable, "status 500"});
    put("bad", numbered("bad", 16));
    put("good", numbered("good", 40));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return job_of("bad").status == JobStatus::failed; }));
    EXPECT_EQ(job_of("bad").last_error, "operation 'op 7': status 500");
    EXPECT_TRUE(eventually([&] { return store->settlement("c", {})->vectors == 55U; }));
    EXPECT_FALSE(ever_paused());
}

TEST_F(BlameTest, ATextThatBreaksAnEndpointAfterAPauseDoesNotKeepItPaused) {
    settings.max_attempts = 1;
    std::atomic<bool> down = true;
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (down)
            return Error{
                .kind = ErrorKind::unavailable, .message = "starting", .retry_after = std::chrono::milliseconds(1)};
        if (request.texts.front() == "bad") return Error{ErrorKind::unavailable, "the connection was closed"};
        return std::nullopt;
    });
    put("bad", {"bad"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return provider->samples() > 2; })) << "trials send a sample";
    EXPECT_EQ(job_of("bad").attempts, 0U);
    down = false;
    ASSERT_TRUE(eventually([&] { return job_of("bad").status == JobStatus::failed; }));
    EXPECT_TRUE(eventually([&] { return !paused(); }));
}

// For example a firewall in front of the server, with a status that otherwise means a wrong key.
TEST_F(BlameTest, ATextThatIsRefusedAsAWrongConfigurationIsFoundAndTheOthersAreEmbedded) {
    fail_text("bad 7", {.kind = ErrorKind::misconfigured, .message = "status 403", .hint = "check api_key"});
    put("bad", numbered("bad", 16));
    put("good", numbered("good", 40));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->vectors, 55U);
    EXPECT_EQ(store->settlement("c", {})->refusals, 1U);
    EXPECT_EQ(job_of("bad").status, JobStatus::failed);
    EXPECT_THAT(job_of("bad").last_error, testing::StartsWith("operation 'op 7' was refused: status 403"));
    EXPECT_THAT(job_of("bad").last_error, testing::Not(testing::HasSubstr("api_key")));
    EXPECT_FALSE(ever_paused());
}

// For example a model that was unloaded: the first request is refused and makes the server load it.
TEST_F(BlameTest, ARefusalThatPassesIsNone) {
    std::atomic<bool> loaded = false;
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (ScriptedProvider::is_sample(request.texts.front())) loaded = true;
        if (loaded) return std::nullopt;
        return Error{ErrorKind::invalid_input, "Model unloaded"};
    });
    put("spec", numbered("text", 20));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->refusals, 0U);
    EXPECT_EQ(job_of("spec").status, JobStatus::succeeded);
    EXPECT_EQ(job_of("spec").attempts, 0U);
}

TEST_F(BlameTest, ASampleThatIsRefusedInPassingDoesNotPauseTheProvider) {
    std::atomic<int> samples = 0;
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        const bool sample = ScriptedProvider::is_sample(request.texts.front());
        if (request.texts.front() == "bad" || (sample && ++samples % 2 == 1))
            return Error{ErrorKind::invalid_input, "try again"};
        return std::nullopt;
    });
    put("spec", {"bad"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(samples, 4) << "two for each refusal";
    EXPECT_EQ(store->settlement("c", {})->refusals, 1U);
    EXPECT_FALSE(ever_paused());
}

TEST_F(BlameTest, ARefusedTextThatIsAloneGoesOnceMoreWithoutAnotherEvent) {
    settings.heartbeat = std::chrono::hours(1);
    settings.lease = std::chrono::hours(2);
    std::atomic<int> refused = 0;
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (request.texts.front() != "bad" || ++refused > 1) return std::nullopt;
        return Error{ErrorKind::invalid_input, "Model unloaded"};
    });
    put("spec", {"bad"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(job_of("spec").status, JobStatus::succeeded);
}

TEST_F(BlameTest, AnOutageCostsOneControlAndNoAttempt) {
    settings.max_attempts = 1;
    provider->script([](const EmbedRequest&, int) { return std::optional(Error{ErrorKind::unavailable, "refused"}); });
    put("alone", {"a text"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return paused(); }));
    EXPECT_EQ(provider->samples(), 1);
    EXPECT_EQ(job_of("alone").attempts, 0U);
}

TEST_F(BlameTest, ATextThatHangsDoesNotMakeTheBatchesOfOthersSmall) {
    settings.max_attempts = 1;
    fail_text("bad 3", {.kind = ErrorKind::unavailable, .message = "no answer in time", .deadline_reached = true});
    put("bad", numbered("bad", 16));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return job_of("bad").status == JobStatus::failed; }));
    const int before = provider->calls();
    put("good", numbered("good", 64));
    ASSERT_TRUE(eventually([&] { return job_of("good").status == JobStatus::succeeded; }));
    EXPECT_EQ(provider->calls() - before, 4);
}

TEST_F(BlameTest, AServerThatEmbedsNoTextRightChargesNoJob) {
    settings.max_attempts = 1;
    provider->refuses = [](std::string_view) { return true; };
    provider->refusal_kind = ErrorKind::internal;
    put("spec", numbered("text", 10));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return paused(); }));
    EXPECT_EQ(job_of("spec").attempts, 0U);
}

TEST_F(BlameTest, ATextWithAnErrorOfItsOwnUsesUpItsAttempts) {
    settings.max_attempts = 3;
    provider->refuses = [](std::string_view text) { return text == "bad 7"; };
    provider->refusal_kind = ErrorKind::internal;
    put("bad", numbered("bad", 16));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return job_of("bad").status == JobStatus::failed; }));
    EXPECT_EQ(job_of("bad").last_error, "operation 'op 7': no such text");
    EXPECT_EQ(store->settlement("c", {})->vectors, 15U);
    EXPECT_FALSE(ever_paused());
}

TEST_F(BlameTest, AServerThatAnswersNothingRightChargesNoJob) {
    settings.max_attempts = 1;
    provider->script([](const EmbedRequest&, int) { return std::optional(Error{ErrorKind::internal, "nonsense"}); });
    put("alone", {"a text"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return paused(); }));
    EXPECT_EQ(provider->samples(), 1);
    EXPECT_EQ(job_of("alone").attempts, 0U);
}

}  // namespace
}  // namespace embedq::scheduler

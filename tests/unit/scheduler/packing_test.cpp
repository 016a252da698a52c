// How batches are filled, how refused texts are isolated, and how texts are cut.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "work_queue_fixture.h"

namespace embedq::scheduler {
namespace {

using testing::StartsWith;

class PackingTest : public WorkQueueTest {
protected:
    std::vector<std::size_t> sizes() {
        std::vector<std::size_t> sizes;
        while (const auto batch = queue.take(fingerprint, limits)) {
            sizes.push_back(batch->texts.size());
            queue.batch_answered(*batch, rows(*batch));
        }
        return sizes;
    }
    static std::vector<std::string> same(int count, std::size_t size) {
        return std::vector<std::string>(static_cast<std::size_t>(count), std::string(size, 'x'));
    }
    static Error too_long(std::size_t limit = 0) {
        return {.kind = ErrorKind::invalid_input,
                .message = "the input length exceeds the context length",
                .limits = {.max_text_tokens = limit},
                .text_too_long = true};
    }
};

TEST_F(PackingTest, CountsAreFilledToTheLimit) {
    queue.plan(job(1), texts(0, 130));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{64, 64, 2}));
}

TEST_F(PackingTest, BytesAreFilledTo95Percent) {
    limits.max_bytes = 1'000;
    queue.plan(job(1), page(same(20, 100)));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{9, 9, 2}));
}

TEST_F(PackingTest, TokensAreFilledTo95PercentWithPrefixes) {
    limits.max_tokens = 250;  // a thousand bytes
    limits.prefix_bytes = 100;
    queue.plan(job(1), page(same(10, 100)));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{4, 4, 2}));
}

TEST_F(PackingTest, TokensAreEstimatedByWhatWasLearned) {
    limits.max_tokens = 250;
    for (int i = 0; i < 50; ++i) limits.estimate.learn(1'000, 500);
    queue.plan(job(1), page(same(10, 100)));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{4, 4, 2})) << "50 tokens each";
}

TEST_F(PackingTest, ATextThatIsEstimatedAsTooLongGoesAloneAndTheProviderDecides) {
    limits.max_text_tokens = 100;
    limits.max_tokens = 10'000;
    auto written_texts = same(5, 100);
    written_texts[2] = std::string(500, 'y');
    queue.plan(job(1), page(written_texts));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{2, 1, 2}));
    commit();
    EXPECT_EQ(written.at(digest(2)), 0U) << "nothing was cut";
}

TEST_F(PackingTest, ATextLongerThanTheBoundOfBytesIsCutAtACharacterAndThatIsRecorded) {
    limits.max_text_bytes = 10;
    queue.plan(job(1), page({"short", "123456789\u00e9 and more"}));
    const auto batch = queue.take(fingerprint, limits);
    EXPECT_EQ(batch->texts[1]->sent(), "123456789");
    queue.batch_answered(*batch, rows(*batch));
    commit();
    EXPECT_EQ(written.at(digest(0)), 0U);
    EXPECT_EQ(written.at(digest(1)), 9U);
    EXPECT_EQ(queue.counters().texts_cut, 1U);
    const auto notes = queue.take_cut_messages();
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes.front(),
              "operation 'op1': only the first 9 of its text's 20 bytes are embedded; more is too long for the model");
    EXPECT_TRUE(queue.take_cut_messages().empty());
}

// --- isolating a refused text

TEST_F(PackingTest, OneBadTextCostsAtMostTwiceTheLogarithmPlusTwoMoreCalls) {
    JobId id = 0;
    int text = 0;
    for (std::size_t n = 2; n <= 130; n = n < 40 ? n + 1 : n + 9) {
        for (std::size_t bad = 0; bad < n; bad += n < 20 ? 1 : 7) {
            limits.max_inputs = n;
            queue.plan(job(++id), texts(text, static_cast<int>(n)));
            const int calls = drain("text " + std::to_string(text + static_cast<int>(bad)));
            EXPECT_LE(calls - 2, 2 * std::log2(n) + 1) << "of " << n << " the one at " << bad;
            const auto report = commit().at(id);
            EXPECT_EQ(report.vectors.size(), n - 1);
            EXPECT_EQ(report.refusals.size(), 1U);
            text = (text + static_cast<int>(n)) % 60'000;
        }
    }
    EXPECT_EQ(queue.texts(), 0U);
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST_F(PackingTest, SeveralBadTextsAreAllFound) {
    queue.plan(job(1), texts(0, 64));
    const int calls = drain_with([](const Batch& batch) -> std::optional<Error> {
        for (const TextPtr& text : batch.texts) {
            if (text->text.ends_with("7")) return Error{ErrorKind::invalid_input, "no sevens"};
        }
        return std::nullopt;
    });
    const auto report = commit().at(1);
    EXPECT_EQ(report.refusals.size(), 6U);
    EXPECT_EQ(report.vectors.size(), 58U);
    EXPECT_LE(calls, 64 + 6);
}

TEST_F(PackingTest, APassingProblemCostsTwoCalls) {
    queue.plan(job(1), texts(0, 64));
    int calls = 0;
    drain_with([&](const Batch&) -> std::optional<Error> {
        if (++calls == 1) return Error{ErrorKind::invalid_input, "the runner stumbled"};
        return std::nullopt;
    });
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
}

TEST_F(PackingTest, OtherBatchesAreSentDuringAnIsolation) {
    queue.plan(job(1), texts(0, 128));
    const auto bad = queue.take(fingerprint, limits);
    queue.batch_failed(*bad, Error{ErrorKind::invalid_input, "no"});
    const auto half = queue.take(fingerprint, limits);
    EXPECT_EQ(half->texts.size(), 32U);
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.front()->text, "text 64");
}

TEST_F(PackingTest, AnIsolationThatIsReleasedLosesNoText) {
    queue.plan(job(1), texts(0, 64));
    const auto bad = queue.take(fingerprint, limits);
    queue.batch_failed(*bad, Error{ErrorKind::invalid_input, "no"});
    queue.release_queued(fingerprint, "paused");
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::release);
    EXPECT_EQ(queue.texts(), 0U);
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_EQ(queue.queued(fingerprint), 0U);
}

TEST_F(PackingTest, ATextThatWaitsForItsSecondTurnIsReleasedWithTheOthers) {
    queue.plan(job(1), texts(0, 1));
    queue.batch_failed(*queue.take(fingerprint, limits), Error{ErrorKind::invalid_input, "no"}, {limits, now});
    ASSERT_TRUE(queue.due_again_at(fingerprint));
    queue.release_all_queued("stopping");
    EXPECT_FALSE(queue.due_again_at(fingerprint));
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::release);
    EXPECT_EQ(queue.texts(), 0U);
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST_F(PackingTest, ALostJobsIsolationIsForgotten) {
    const HoldId hold = job(1);
    queue.plan(hold, texts(0, 64));
    const auto bad = queue.take(fingerprint, limits);
    queue.batch_failed(*bad, Error{ErrorKind::invalid_input, "no"});
    queue.lose(hold);
    EXPECT_EQ(drain(), 0);
    EXPECT_EQ(queue.texts(), 0U);
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST_F(PackingTest, AFailureOfTheEndpointKeepsTheBatchWhole) {
    queue.plan(job(1), texts(0, 64));
    for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::internal}) {
        const auto batch = queue.take(fingerprint, limits);
        queue.batch_failed(*batch, Error{kind, "connection refused"}, {limits, now}, false);
    }
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.size(), 64U);
    EXPECT_TRUE(commit().empty());
}

TEST_F(PackingTest, ABatchThatIsTooLargeIsSentInPartsOfTheStatedSize) {
    queue.plan(job(1), texts(0, 64));
    const auto batch = queue.take(fingerprint, limits);
    queue.batch_failed(*batch, {.kind = ErrorKind::too_large, .message = "at most 10", .limits = {.max_inputs = 10}});
    limits.max_inputs = 10;
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{10, 10, 10, 10, 10, 10, 4}));
}

// --- a refused text that may be too long

TEST_F(PackingTest, ATextAmongTheLongestIsTriedCutBeforeItIsRefused) {
    auto written_texts = same(64, 1'000);
    written_texts[40] = std::string(3'000, 'y');
    queue.plan(job(1), page(written_texts));
    std::vector<std::size_t> alone;
    drain_with([&](const Batch& batch) -> std::optional<Error> {
        if (batch.texts.size() == 1) alone.push_back(batch.bytes());
        for (const TextPtr& text : batch.texts) {
            if (text->sent().size() > 2'048) return Error{ErrorKind::invalid_input, "ValidationException"};
        }
        return std::nullopt;
    });
    ASSERT_GE(alone.size(), 5U);
    EXPECT_EQ((std::vector<std::size_t>(alone.end() - 5, alone.end())),
              (std::vector<std::size_t>{3'000, 3'000, 2'100, 1'470, 3'000}))
        << "whole it is refused twice before it is cut, and once afterwards";
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(written.at(digest(40)), 1'470U);
    EXPECT_EQ(queue.take_cut_messages().at(0),
              "operation 'op40': only the first 1470 of its text's 3000 bytes are embedded; the whole text was "
              "refused: ValidationException");
}

TEST_F(PackingTest, ATextThatIsTakenWholeAfterAllIsNotCut) {
    limits.max_text_bytes = 2'500;
    queue.plan(job(1), page({std::string(3'000, 'y')}));
    std::vector<std::size_t> sent;
    drain_with([&](const Batch& batch) -> std::optional<Error> {
        sent.push_back(batch.bytes());
        if (sent.size() <= 2) return Error{ErrorKind::invalid_input, "the runner stumbled"};
        return std::nullopt;
    });
    EXPECT_EQ(sent, (std::vector<std::size_t>{2'500, 2'500, 1'750, 2'500})) << "whole but for the provider's bound";
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(written.at(digest(0)), 2'500U);
    EXPECT_EQ(queue.texts(), 0U);
}

TEST_F(PackingTest, ATextThatIsRefusedHoweverShortItIsCutIsRefused) {
    auto written_texts = same(2, 1'000);
    written_texts[1] = "bad" + std::string(3'000, 'y');
    queue.plan(job(1), page(written_texts));
    const int calls = drain_with([&](const Batch& batch) -> std::optional<Error> {
        for (const TextPtr& text : batch.texts) {
            if (text->text.starts_with("bad")) return Error{ErrorKind::invalid_input, "no"};
        }
        return std::nullopt;
    });
    EXPECT_EQ(calls, 1 + 2 + 1 + 5);
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::failed);
}

TEST_F(PackingTest, ATextThatIsNotAmongTheLongestIsNotCut) {
    for (const std::size_t longest : {std::size_t{400}, std::size_t{2'000}}) {
        auto written_texts = same(2, longest);
        // Too short for any model to find it too long, and half as long as what was embedded.
        written_texts[1] = "bad" + std::string(longest == 400 ? 400 : 900, 'y');
        queue.plan(job(1), page(written_texts));
        const int calls = drain_with([&](const Batch& batch) -> std::optional<Error> {
            for (const TextPtr& text : batch.texts) {
                if (text->text.starts_with("bad")) return Error{ErrorKind::invalid_input, "no"};
            }
            return std::nullopt;
        });
        EXPECT_EQ(calls, 1 + 2 + 1) << longest;
        EXPECT_EQ(commit().at(1).refusals.size(), 1U);
    }
}

// --- texts that are too long

TEST_F(PackingTest, ATextRefusedAsTooLongIsCutToTheStatedLimit) {
    queue.plan(job(1), page({std::string(4'000, 'x')}));
    std::vector<std::size_t> sent;
    drain_with([&](const Batch& batch) -> std::optional<Error> {
        sent.push_back(batch.bytes());
        if (sent.back() > 2'000) return too_long(500);
        return std::nullopt;
    });
    EXPECT_EQ(sent, (std::vector<std::size_t>{4'000, 1'900})) << "95 % of 500 tokens of four bytes";
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(written.at(digest(0)), 1'900U);
}

TEST_F(PackingTest, WithoutAStatedLimitItIsCutAFewTimes) {
    queue.plan(job(1), page({std::string(4'000, 'x')}));
    const int calls = drain_with([&](const Batch& batch) -> std::optional<Error> {
        if (batch.bytes() > 1'000) return too_long();
        return std::nullopt;
    });
    EXPECT_EQ(calls, 5);
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_NEAR(written.at(digest(0)), 960, 2);
}

TEST_F(PackingTest, TheLengthThatWasAcceptedOfAnotherTextIsTriedFirst) {
    limits.accepted_text_bytes = 960;
    queue.plan(job(1), page({std::string(4'000, 'x')}));
    const int calls = drain_with([&](const Batch& batch) -> std::optional<Error> {
        if (batch.bytes() > 1'000) return too_long();
        return std::nullopt;
    });
    EXPECT_EQ(calls, 2);
}

TEST_F(PackingTest, ATextThatIsTooLongAfterAllCutsIsRefused) {
    queue.plan(job(1), page({std::string(4'000, 'x')}));
    const int calls = drain_with([&](const Batch&) -> std::optional<Error> { return too_long(); });
    EXPECT_EQ(calls, 6);
    const auto report = commit().at(1);
    EXPECT_EQ(report.outcome, JobOutcome::failed);
    EXPECT_THAT(report.error, StartsWith("operation 'op0' was refused: the input length exceeds the context length"));
}

TEST_F(PackingTest, AllTextsOfABatchAboveTheStatedLimitAreCutTogether) {
    auto written_texts = same(20, 100);
    written_texts[3] = std::string(3'000, 'y');
    written_texts[17] = std::string(5'000, 'z');
    queue.plan(job(1), page(written_texts));
    const int calls = drain_with([&](const Batch& batch) -> std::optional<Error> {
        for (const TextPtr& text : batch.texts) {
            if (text->sent().size() > 2'048) return too_long(512);
        }
        return std::nullopt;
    });
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(commit().at(1).vectors.size(), 20U);
    EXPECT_GT(written.at(digest(3)), 0U);
    EXPECT_GT(written.at(digest(17)), 0U);
    EXPECT_EQ(queue.counters().texts_cut, 2U);
}

TEST_F(PackingTest, WithoutAStatedLimitTheTextIsIsolatedByHalvingAndCut) {
    auto written_texts = same(64, 100);
    written_texts[40] = std::string(3'000, 'y');
    queue.plan(job(1), page(written_texts));
    const int calls = drain_with([&](const Batch& batch) -> std::optional<Error> {
        for (const TextPtr& text : batch.texts) {
            if (text->sent().size() > 2'048) return too_long();
        }
        return std::nullopt;
    });
    EXPECT_LE(calls, 1 + 2 * 6 + 1 + 2);
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(queue.counters().texts_cut, 1U);
}

TEST_F(PackingTest, ATextWithItsOwnErrorAsTooLongIsCutToo) {
    queue.plan(job(1), page({"fine", std::string(4'000, 'x')}));
    const auto batch = queue.take(fingerprint, limits);
    EmbedResult result = rows(*batch);
    result.errors.push_back({1, too_long(500)});
    queue.batch_answered(*batch, std::move(result), {limits, now});
    EXPECT_EQ(drain(), 1);
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(written.at(digest(1)), 1'900U);
}

}  // namespace
}  // namespace embedq::scheduler

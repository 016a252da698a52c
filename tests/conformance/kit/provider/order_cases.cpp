// A row depends on its text alone: not on the texts beside it, its position, or the calling thread.
#include <algorithm>
#include <semaphore>

#include "kit/provider/kit.h"

namespace embedq::conformance {
namespace {

void each_text_alone_has_its_row_of_the_batch(ProviderKit& kit) {
    const auto texts = kit.texts();
    for (const TextKind kind : {TextKind::document, TextKind::query}) {
        const Rows together = kit.rows(texts, kind);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            expect_same(together[i], kit.rows({texts[i]}, kind)[0], "'" + texts[i] + "' in a batch and alone");
        }
    }
}

void permuting_texts_permutes_rows(ProviderKit& kit) {
    const auto texts = kit.texts();
    const Rows rows = kit.rows(texts);
    for (std::size_t shift = 1; shift < texts.size(); ++shift) {
        auto turned = texts;
        std::ranges::rotate(turned, turned.begin() + static_cast<std::ptrdiff_t>(shift));
        const Rows turned_rows = kit.rows(turned);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            expect_same(rows[(i + shift) % texts.size()], turned_rows[i],
                        "'" + turned[i] + "' moved by " + std::to_string(shift));
        }
    }
}

// A provider that splits a large request may join the parts in the wrong order.
void a_full_batch_keeps_its_order(ProviderKit& kit) {
    constexpr std::size_t large_batch = 100;
    const std::size_t limit = kit.info().limits.max_inputs;
    const auto texts = kit.texts(limit > 0 ? limit : large_batch);
    const Rows rows = kit.rows(texts);
    for (const std::size_t i : {std::size_t{0}, texts.size() / 3, texts.size() / 2, texts.size() - 1}) {
        expect_same(rows[i], kit.rows({texts[i]})[0],
                    "text " + std::to_string(i) + " of " + std::to_string(texts.size()));
    }
}

void equal_texts_have_equal_rows(ProviderKit& kit) {
    const auto different = kit.texts(2);
    std::vector<std::string> texts = {different[0], different[0], different[1], different[0]};
    texts.resize(kit.batch(texts.size()));
    const Rows rows = kit.rows(texts);
    for (std::size_t i = 1; i < texts.size(); ++i) {
        if (texts[i] == texts[0]) expect_same(rows[0], rows[i], "'" + texts[i] + "' twice in one batch");
    }
}

void the_same_call_has_the_same_rows(ProviderKit& kit) {
    const Rows first = kit.rows(kit.texts());
    (void)kit.rows({"Something else altogether was asked in between"});
    expect_same(first, kit.rows(kit.texts()), "asked again");
}

// As many calls at a time as the limits allow, as the host does.
void each_thread_has_its_own_rows(ProviderKit& kit) {
    constexpr std::size_t thread_count = 8;
    constexpr std::size_t calls_each = 10;
    const auto texts = kit.texts();
    const Rows expected = kit.rows(texts);
    const std::size_t limit = kit.info().limits.concurrency;
    const auto permits = std::make_shared<std::counting_semaphore<>>(
        static_cast<std::ptrdiff_t>(limit == 0 ? thread_count : std::min(limit, thread_count)));

    using Answers = std::vector<Result<EmbedResult>>;
    std::vector<Call<Answers>> threads;
    for (std::size_t thread = 0; thread < thread_count; ++thread) {
        threads.emplace_back("a thread of calls to embed()", [provider = kit.provider(), permits,
                                                              text = texts[thread % texts.size()]] {
            Answers answers;
            for (std::size_t i = 0; i < calls_each; ++i) {
                const std::string_view view = text;
                permits->acquire();
                answers.push_back(provider->embed({.texts = std::span(&view, 1), .deadline = Steady::now() + ample}));
                permits->release();
            }
            return answers;
        });
    }
    for (std::size_t thread = 0; thread < thread_count; ++thread) {
        const std::size_t text = thread % texts.size();
        for (auto& answer : threads[thread].result(ample)) {
            const EmbedResult result = value_of(std::move(answer), "embed() in one of several threads");
            if (result.matrix.size() != kit.info().dimension)
                throw CaseEnded("embed() in one of several threads gave no row of its text");
            expect_same(expected[text], result.matrix, "'" + texts[text] + "' from one of several threads");
        }
    }
}

}  // namespace

std::vector<ProviderCase> order_cases() {
    return {
        {"order", "each_text_alone_has_its_row_of_the_batch", each_text_alone_has_its_row_of_the_batch, unless_batches},
        {"order", "permuting_texts_permutes_rows", permuting_texts_permutes_rows, unless_batches},
        {"order", "a_full_batch_keeps_its_order", a_full_batch_keeps_its_order, unless_batches},
        {"order", "equal_texts_have_equal_rows", equal_texts_have_equal_rows, unless_batches},
        {"order", "the_same_call_has_the_same_rows", the_same_call_has_the_same_rows},
        {"threads", "each_thread_has_its_own_rows", each_thread_has_its_own_rows},
    };
}

}  // namespace embedq::conformance

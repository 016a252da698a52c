// Several instances in one process, one after another and in parallel; and what is left when the last is destroyed.
#include "kit/provider/kit.h"
#include "kit/residue.h"

namespace embedq::conformance {
namespace {

void two_instances_give_the_same_rows(ProviderKit& kit) {
    const ProviderPtr second = kit.another();
    const Rows rows = kit.rows(kit.texts());
    expect_same(rows, kit.rows(second, {.texts = kit.texts()}), "a second instance");
    expect_same(rows, kit.rows(kit.texts()), "the first instance, after the second was asked");
}

void two_instances_at_once_keep_apart(ProviderKit& kit) {
    constexpr int round_count = 10;
    const auto texts = kit.texts();
    const ProviderPtr second = kit.another();
    const Rows expected = kit.rows(texts);
    for (int round = 0; round < round_count; ++round) {
        const std::string& one = texts[static_cast<std::size_t>(round) % texts.size()];
        const std::string& other = texts[static_cast<std::size_t>(round + 1) % texts.size()];
        auto first_call = ProviderKit::begin(kit.provider(), {.texts = {one}});
        auto second_call = ProviderKit::begin(second, {.texts = {other}});
        const auto first_row = value_of(first_call.result(ample + soon), "the first of two instances");
        const auto second_row = value_of(second_call.result(ample + soon), "the second of two instances");
        expect_same(expected[static_cast<std::size_t>(round) % texts.size()], first_row.matrix,
                    "the first of two instances");
        expect_same(expected[static_cast<std::size_t>(round + 1) % texts.size()], second_row.matrix,
                    "the second of two instances");
    }
}

void one_outlives_the_other(ProviderKit& kit) {
    const Rows rows = kit.rows(kit.texts());
    ProviderPtr second = kit.another();
    (void)kit.rows(second, {.texts = kit.texts(1)});
    second.reset();
    expect_same(rows, kit.rows(kit.texts()), "after another instance was destroyed");
    ProviderPtr third = kit.another();
    kit.drop_provider();
    expect_same(rows, kit.rows(third, {.texts = kit.texts()}), "after the instance made before it was destroyed");
}

// Options kept in a static variable would be those of the instance made last.
void options_are_each_instances_own(ProviderKit& kit) {
    const Rows rows = kit.rows(kit.texts());
    std::vector<ProviderPtr> variants;
    if (kit.variants().slow) variants.push_back(kit.slow());
    if (kit.variants().refusing) variants.push_back(kit.refusing());
    for (const ProviderPtr& variant : variants) (void)ProviderKit::info_of(variant);
    expect_same(rows, kit.rows(kit.texts()), "after instances of other options were made");
    if (!kit.variants().refusing) return;
    const std::string text = "Please " + std::string(refused_text);
    EXPECT_EQ(kit.rows({text}).size(), 1U) << "only the refusing variant refuses it";
}

std::string unless_variants(ProviderKit& kit) {
    return kit.variants().slow || kit.variants().refusing ? ""
                                                          : "there is no variant of the provider with other options";
}

void a_new_instance_gives_the_same_rows(ProviderKit& kit) {
    const Rows before = kit.rows(kit.texts());
    const Rows queries = kit.rows(kit.texts(), TextKind::query);
    kit.drop_provider();
    expect_same(before, kit.rows(kit.texts()), "documents after a restart");
    expect_same(queries, kit.rows(kit.texts(), TextKind::query), "queries after a restart");
}

void use(ProviderKit& kit) {
    (void)kit.rows(kit.another(), {.texts = kit.texts()});
}

// Two calls that were abandoned: there a thread is most easily forgotten.
void use_slowly(ProviderKit& kit) {
    const ProviderPtr slow = kit.slow();
    (void)ProviderKit::ask(slow, {.texts = kit.texts(1), .deadline = Steady::now() + 50ms});
    std::stop_source stop;
    auto call = ProviderKit::begin(slow, {.texts = kit.texts(1), .stop = stop.get_token()});
    (void)call.done_within(20ms);
    stop.request_stop();
    (void)call.result(soon);
}

void no_thread_is_left(ProviderKit& kit) {
    expect_nothing_left("thread", threads_now, [&] { use(kit); });
}

void no_thread_is_left_by_late_answers(ProviderKit& kit) {
    expect_nothing_left("thread", threads_now, [&] { use_slowly(kit); });
}

void no_descriptor_is_left(ProviderKit& kit) {
    expect_nothing_left("file descriptor", descriptors_now, [&] { use(kit); });
}

void no_descriptor_is_left_by_late_answers(ProviderKit& kit) {
    expect_nothing_left("file descriptor", descriptors_now, [&] { use_slowly(kit); });
}

}  // namespace

std::vector<ProviderCase> instance_cases() {
    return {
        {"two_instances", "give_the_same_rows", two_instances_give_the_same_rows},
        {"two_instances", "at_once_keep_apart", two_instances_at_once_keep_apart},
        {"two_instances", "one_outlives_the_other", one_outlives_the_other},
        {"two_instances", "options_are_each_ones_own", options_are_each_instances_own, unless_variants},
        {"restart", "a_new_instance_gives_the_same_rows", a_new_instance_gives_the_same_rows},
        {"no_thread_left", "after_destruction", no_thread_is_left},
        {"no_thread_left", "after_late_answers", no_thread_is_left_by_late_answers, unless_slow},
        {"no_descriptor_left", "after_destruction", no_descriptor_is_left},
        {"no_descriptor_left", "after_late_answers", no_descriptor_is_left_by_late_answers, unless_slow},
    };
}

}  // namespace embedq::conformance

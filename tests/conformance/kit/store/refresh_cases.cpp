// Sources that are due to be asked again: by an interval of their own, or by the default of who asks.
#include <algorithm>
#include <mutex>
#include <thread>

#include "kit.h"

namespace embedq::conformance {
namespace {

using Names = std::vector<std::string>;

SpecWrite by_url(const std::string& name, RefreshInterval refresh, const std::string& text = "t") {
    SpecWrite write = document(name, {text});
    write.source_kind = SourceKind::url;
    write.source = "https://apis.example/" + name + ".yaml";
    write.record.refresh = refresh;
    return write;
}

Names due(Kit& kit, std::size_t limit = 10, std::chrono::milliseconds by_default = 0ms) {
    Names names;
    for (const SpecInfo& info : must(kit.store().due_refreshes(limit, 5min, by_default)))
        names.push_back(info.spec_name);
    std::ranges::sort(names);
    return names;
}

// --- by an interval of their own

void a_source_is_due_after_its_interval(Kit& kit) {
    kit.catalog();
    kit.put(document("plain", {"x"}));
    kit.put(by_url("pets", 1h));
    kit.advance(1h - 1s);
    EXPECT_EQ(due(kit), Names{});
    kit.advance(1s);
    const auto infos = must(kit.store().due_refreshes(10, 5min, 0ms));
    ASSERT_EQ(infos.size(), 1U);
    EXPECT_EQ(infos[0].catalog_id, "shop");
    EXPECT_EQ(infos[0].spec_name, "pets");
    EXPECT_EQ(infos[0].record, by_url("pets", 1h).record);
}

void who_takes_one_has_it_for_a_while(Kit& kit) {
    kit.catalog();
    kit.put(by_url("pets", 1h));
    kit.advance(2h);
    EXPECT_EQ(due(kit), Names{"pets"});
    const auto another = kit.another();
    EXPECT_TRUE(must(another->due_refreshes(10, 5min, 0ms)).empty()) << "another process must not have it too";
    kit.advance(5min);
    EXPECT_EQ(due(kit), Names{"pets"}) << "its holder may have died";
}

void a_checked_source_waits_for_its_interval(Kit& kit) {
    kit.catalog();
    kit.put(by_url("pets", 1h));
    kit.advance(2h);
    EXPECT_EQ(due(kit), Names{"pets"});
    kit.advance(1s);
    const std::vector<SpecRef> checked{{"shop", "gone"}, {"nowhere", "pets"}, {"shop", "pets"}};
    must(kit.store().checked(checked));
    const SpecInfo info = must(kit.store().spec("shop", "pets"));
    EXPECT_EQ(*info.checked_at - info.updated_at, 2h + 1s);
    EXPECT_EQ(info.generation, 1U) << "asking is no write";
    kit.advance(1h - 1s);
    EXPECT_EQ(due(kit), Names{});
    kit.advance(1s);
    EXPECT_EQ(due(kit), Names{"pets"});
}

void a_changed_write_counts_as_asking(Kit& kit) {
    kit.catalog();
    SpecWrite write = by_url("pets", 1h);
    kit.put(write);
    kit.advance(50min);
    kit.put(write);
    kit.advance(10min);
    EXPECT_EQ(due(kit), Names{"pets"}) << "an unchanged write writes nothing";
    kit.put(by_url("pets", 1h, "b"));
    kit.advance(59min);
    EXPECT_EQ(due(kit), Names{});
    write.record.refresh = 0ms;
    kit.put(write);
    kit.advance(24h);
    EXPECT_EQ(due(kit), Names{}) << "never";
}

void those_that_are_due_longest_come_first(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"c", "a", "b"}) {
        kit.put(by_url(name, 1h));
        kit.advance(1s);
    }
    kit.advance(2h);
    EXPECT_EQ(due(kit, 2), (Names{"a", "c"}));
    EXPECT_EQ(due(kit, 2), Names{"b"});
}

// --- by the default

void one_without_an_interval_is_due_by_the_default(Kit& kit) {
    kit.catalog();
    kit.put(document("inline", {"a"}));
    kit.put(by_url("pets", {}));
    kit.advance(1h - 1s);
    EXPECT_EQ(due(kit, 10, 1h), Names{});
    kit.advance(1s);
    EXPECT_EQ(due(kit), Names{}) << "the default is never";
    EXPECT_EQ(due(kit, 10, 2h), Names{});
    EXPECT_EQ(due(kit, 10, 1h), Names{"pets"});
    kit.advance(5min);
    EXPECT_EQ(due(kit, 10, 0ms), Names{}) << "the default is never";
    EXPECT_EQ(due(kit, 10, 1h), Names{"pets"}) << "its holder may have died";
    must(kit.store().checked(std::vector<SpecRef>{{"shop", "pets"}}));
    kit.advance(1h - 1s);
    EXPECT_EQ(due(kit, 10, 1h), Names{});
    kit.advance(1s);
    EXPECT_EQ(due(kit, 10, 1h), Names{"pets"});
    SpecWrite other = by_url("pets", {});
    other.title = "other";
    kit.put(other);
    kit.advance(1h - 1s);
    EXPECT_EQ(due(kit, 10, 1h), Names{}) << "a changed write counts as asking";
    kit.advance(1s);
    EXPECT_EQ(due(kit, 10, 1h), Names{"pets"});
    EXPECT_EQ(must(kit.store().spec("shop", "pets")).generation, 2U) << "asking is no write";
}

void an_interval_of_its_own_wins(Kit& kit) {
    kit.catalog();
    kit.put(by_url("often", 10min));
    kit.put(by_url("rarely", 3h));
    kit.advance(10min);
    EXPECT_EQ(due(kit, 10, 1h), Names{"often"});
    kit.advance(2h);
    EXPECT_EQ(due(kit, 10, 1h), Names{"often"});
    kit.advance(50min);
    EXPECT_EQ(due(kit, 10, 4h), (Names{"often", "rarely"}));
}

void never_wins_over_the_default(Kit& kit) {
    kit.catalog();
    kit.put(by_url("quiet", 0ms));
    kit.put(by_url("pets", {}));
    kit.advance(24h);
    EXPECT_EQ(due(kit, 10, 1h), Names{"pets"});
    kit.put(by_url("quiet", {}));
    kit.put(by_url("pets", 0ms));
    kit.advance(24h);
    EXPECT_EQ(due(kit, 10, 1h), Names{"quiet"});
}

void different_defaults_share_one_hold(Kit& kit) {
    kit.catalog();
    kit.put(by_url("pets", {}));
    kit.advance(3h);
    EXPECT_EQ(due(kit, 10, 2h), Names{"pets"});
    const auto another = kit.another();
    for (const auto by_default : {std::chrono::milliseconds(1min), std::chrono::milliseconds(2h)}) {
        EXPECT_TRUE(must(another->due_refreshes(10, 5min, by_default)).empty()) << by_default.count();
    }
    kit.advance(5min);
    EXPECT_EQ(must(another->due_refreshes(10, 5min, 1min)).size(), 1U);
    EXPECT_EQ(due(kit, 10, 2h), Names{});
}

void both_kinds_come_in_the_order_of_their_times(Kit& kit) {
    kit.catalog();
    kit.put(by_url("a", {}));
    kit.advance(1s);
    kit.put(by_url("b", 1h));
    kit.advance(1s);
    kit.put(by_url("c", {}));
    kit.advance(2h);
    EXPECT_EQ(due(kit, 2, 1h), (Names{"a", "b"}));
    EXPECT_EQ(due(kit, 2, 1h), Names{"c"});
}

void each_goes_to_one_of_several_threads(Kit& kit) {
    kit.catalog();
    std::vector<SpecWrite> writes;
    for (int i = 0; i < 60; ++i) {
        writes.push_back(by_url("s" + std::to_string(i), i % 2 == 0 ? RefreshInterval(1h) : RefreshInterval()));
    }
    must(kit.store().put_specs(writes));
    kit.advance(2h);
    std::mutex mutex;
    Names taken;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, store = kit.another()] {
                try {
                    for (int round = 0; round < 60; ++round) {
                        const auto infos = patiently([&] { return store->due_refreshes(3, 5min, 30min); });
                        if (infos.empty()) return;
                        const std::scoped_lock lock(mutex);
                        for (const SpecInfo& info : infos) taken.push_back(info.spec_name);
                    }
                } catch (const std::exception& error) {
                    ADD_FAILURE() << error.what();
                }
            });
        }
    }
    std::ranges::sort(taken);
    EXPECT_TRUE(std::ranges::unique(taken).empty()) << "a spec was given out twice";
    EXPECT_EQ(taken.size() + due(kit, 100, 30min).size(), 60U);
}

}  // namespace

std::vector<Case> refresh_cases() {
    return {
        {"refreshes", "a_source_is_due_after_its_interval", a_source_is_due_after_its_interval},
        {"refreshes", "who_takes_one_has_it_for_a_while", who_takes_one_has_it_for_a_while},
        {"refreshes", "a_checked_source_waits_for_its_interval", a_checked_source_waits_for_its_interval},
        {"refreshes", "a_changed_write_counts_as_asking", a_changed_write_counts_as_asking},
        {"refreshes", "those_that_are_due_longest_come_first", those_that_are_due_longest_come_first},
        {"refreshes", "one_without_an_interval_is_due_by_the_default", one_without_an_interval_is_due_by_the_default},
        {"refreshes", "an_interval_of_its_own_wins", an_interval_of_its_own_wins},
        {"refreshes", "never_wins_over_the_default", never_wins_over_the_default},
        {"refreshes", "different_defaults_share_one_hold", different_defaults_share_one_hold},
        {"refreshes", "both_kinds_come_in_the_order_of_their_times", both_kinds_come_in_the_order_of_their_times},
        {"refreshes", "each_goes_to_one_of_several_threads", each_goes_to_one_of_several_threads},
    };
}

}  // namespace embedq::conformance

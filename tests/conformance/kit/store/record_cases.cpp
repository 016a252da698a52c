// What is recorded of a spec beside its document, and renamed specs.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

SpecWrite recorded(const std::string& name, const std::vector<std::string>& texts) {
    SpecWrite write = document(name, texts);
    write.record = {.root = "/srv/apis",
                    .path = name + ".yaml",
                    .notes = {{"paths./a.get", "has no\nvalue"}, {"", "webhooks \\ are not indexed"}},
                    .operations_left_out = 3,
                    .refresh = 1h};
    return write;
}

SpecInfo info_of(Kit& kit, const std::string& name, const std::string& catalog_id = "shop") {
    return must(kit.store().spec(catalog_id, name));
}

PutResult rename(Kit& kit, const std::string& from, const std::string& to, const std::vector<std::string>& texts) {
    SpecWrite write = recorded(to, texts);
    write.renamed_from = from;
    return kit.put(write);
}

using Names = std::vector<std::string>;

// --- the record

void a_record_is_given_back_whole(Kit& kit) {
    kit.catalog();
    kit.put(document("plain", {"x"}));
    const SpecWrite write = recorded("pets", {"a"});
    kit.put(write);
    const SpecInfo info = info_of(kit, "pets");
    EXPECT_EQ(info.record, write.record);
    EXPECT_EQ(info.checked_at, info.updated_at);
    EXPECT_EQ(must(kit.store().specs("shop", "", 1)).at(0).record, write.record);
    EXPECT_EQ(info_of(kit, "plain").record, SpecRecord{});
}

void a_changed_record_is_written_without_a_job(Kit& kit) {
    kit.catalog();
    SpecWrite write = recorded("pets", {"a"});
    kit.put(write);
    kit.embed_everything();
    const std::vector<void (*)(SpecRecord&)> changes{
        [](SpecRecord& record) { record.root = "/srv/others"; },
        [](SpecRecord& record) { record.path = "sub/pets.yaml"; },
        [](SpecRecord& record) { record.notes.pop_back(); },
        [](SpecRecord& record) { record.operations_left_out = 4; },
        [](SpecRecord& record) { record.refresh = 2h; },
        [](SpecRecord& record) { record.refresh = 0ms; },
        [](SpecRecord& record) { record.refresh.reset(); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const testing::ScopedTrace trace(__FILE__, __LINE__, "change " + std::to_string(i));
        changes[i](write.record);
        const PutResult result = kit.put(write);
        EXPECT_EQ(result.outcome, PutOutcome::changed);
        EXPECT_EQ(result.enqueued, EnqueueOutcome::none);
        EXPECT_EQ(info_of(kit, "pets").record, write.record);
        EXPECT_EQ(kit.put(write).outcome, PutOutcome::unchanged);
    }
    EXPECT_TRUE(kit.nothing_to_claim());
}

void a_clone_has_the_record(Kit& kit) {
    kit.catalog();
    const SpecWrite write = recorded("pets", {"a"});
    kit.put(write);
    must(kit.store().clone_catalog("shop", {.catalog_id = "copy"}));
    EXPECT_EQ(info_of(kit, "pets", "copy").record, write.record);
    kit.advance(1h);
    EXPECT_EQ(must(kit.store().due_refreshes(10, 5min, 0ms)).size(), 2U) << "both are due";
}

void what_was_left_out_adds_up(Kit& kit) {
    kit.catalog();
    kit.put(recorded("cars", {"a"}));
    kit.put(recorded("pets", {"b"}));
    kit.put(document("plain", {"c"}));
    EXPECT_EQ(must(kit.store().health("shop")).at(0).operations_left_out, 6U);
}

void records_out_of_bounds_are_refused(Kit& kit) {
    kit.catalog();
    SpecWrite write = recorded("pets", {"a"});
    write.record.notes.assign(most_notes + 1, Note{"x", "y"});
    expect_error(kit.store().put_specs({&write, 1}), ErrorKind::invalid_argument, "101");
    write.record.notes.pop_back();
    write.record.refresh = -1ms;
    expect_error(kit.store().put_specs({&write, 1}), ErrorKind::invalid_argument, "-1");
    write.record.refresh = 24h * 366;
    expect_error(kit.store().put_specs({&write, 1}), ErrorKind::invalid_argument, "a year");
    write.record.refresh = 24h * 365;
    kit.put(write);
    EXPECT_EQ(info_of(kit, "pets").record.notes.size(), most_notes);
}

// --- renaming

void a_renamed_spec_keeps_its_vectors_and_jobs(Kit& kit) {
    kit.catalog();
    kit.put(recorded("pets", {"a", "b"}));
    kit.embed_everything();
    const SpecInfo before = info_of(kit, "pets");
    kit.advance(1s);
    const PutResult result = rename(kit, "pets", "animals", {"a", "b"});
    EXPECT_EQ(result.outcome, PutOutcome::changed);
    EXPECT_EQ(result.enqueued, EnqueueOutcome::none);
    EXPECT_EQ(result.generation, before.generation + 1);
    expect_error(kit.store().spec("shop", "pets"), ErrorKind::not_found, "pets");
    const SpecInfo after = info_of(kit, "animals");
    EXPECT_EQ(after.created_at, before.created_at);
    EXPECT_EQ(after.record.path, "animals.yaml");
    EXPECT_EQ(must(kit.store().spec_content("shop", "animals")), "a\nb\n");
    ASSERT_EQ(kit.jobs_of("animals").size(), 1U);
    EXPECT_EQ(kit.jobs_of("animals")[0].status, JobStatus::succeeded);
    EXPECT_TRUE(kit.jobs_of("pets").empty());
    const auto statuses = must(kit.store().statuses("shop", {}));
    ASSERT_EQ(statuses.size(), 1U);
    EXPECT_EQ(statuses[0].embedding_count, 2U);
    ASSERT_TRUE(statuses[0].job.has_value());
    EXPECT_EQ(statuses[0].job->spec_name, "animals");
    EXPECT_TRUE(kit.nothing_to_claim());
}

void a_rename_with_nothing_else_is_a_change(Kit& kit) {
    kit.catalog();
    SpecWrite write = document("pets", {"a"});
    kit.put(write);
    write.renamed_from = std::exchange(write.spec_name, "animals");
    EXPECT_EQ(kit.put(write).outcome, PutOutcome::changed);
    EXPECT_EQ(kit.put(write).outcome, PutOutcome::unchanged) << "the old name is gone";
    EXPECT_EQ(kit.info().spec_count, 1U);
}

void a_rename_takes_open_jobs_along(Kit& kit) {
    kit.catalog();
    kit.put(recorded("pets", {"a"}));
    const auto running = kit.claim_one();
    ASSERT_EQ(kit.enqueue("pets"), EnqueueOutcome::created);
    EXPECT_EQ(rename(kit, "pets", "animals", {"a"}).enqueued, EnqueueOutcome::collapsed);
    EXPECT_EQ(kit.open_jobs("animals", JobStatus::pending), 1U);
    EXPECT_EQ(kit.open_jobs("animals", JobStatus::running), 1U);
    EXPECT_TRUE(kit.embed(running)) << "its holder goes on";
    const auto behind = kit.claim_one();
    EXPECT_EQ(behind.spec_name, "animals");
    EXPECT_TRUE(kit.embed(behind));
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void there_and_back(Kit& kit) {
    kit.catalog();
    kit.put(recorded("pets", {"a"}));
    kit.embed_everything();
    rename(kit, "pets", "animals", {"a"});
    rename(kit, "animals", "pets", {"a"});
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
    EXPECT_TRUE(kit.jobs_of("animals").empty());
    kit.put(recorded("animals", {"b"}));
    kit.embed_everything();
    EXPECT_EQ(kit.jobs_of("animals").size(), 1U) << "a new spec of the name has its own jobs";
}

void an_old_name_that_is_not_there_is_ignored(Kit& kit) {
    kit.catalog();
    EXPECT_EQ(rename(kit, "nothing", "pets", {"a"}).outcome, PutOutcome::created);
    kit.put(recorded("cars", {"b"}));
    EXPECT_EQ(rename(kit, "cars", "pets", {"c"}).outcome, PutOutcome::changed) << "the new name is taken";
    EXPECT_EQ(must(kit.store().spec_content("shop", "cars")), "b\n");
    EXPECT_EQ(must(kit.store().spec_content("shop", "pets")), "c\n");
    EXPECT_EQ(kit.info().spec_count, 2U);
}

void a_spec_written_since_keeps_its_name(Kit& kit) {
    kit.catalog();
    kit.put(recorded("pets", {"a"}));
    const SpecVersion seen = info_of(kit, "pets").version();
    kit.put(recorded("pets", {"b"}));
    auto write = recorded("animals", {"a"});
    write.renamed_from = "pets";
    write.renamed_version = seen;
    EXPECT_EQ(kit.put(write).outcome, PutOutcome::created);
    EXPECT_EQ(must(kit.store().spec_content("shop", "pets")), "b\n");
    EXPECT_EQ(must(kit.store().spec_content("shop", "animals")), "a\n");
    write.spec_name = "beasts";
    write.renamed_version = info_of(kit, "pets").version();
    EXPECT_EQ(kit.put(write).outcome, PutOutcome::changed);
    expect_error(kit.store().spec("shop", "pets"), ErrorKind::not_found, "pets");
}

void a_name_that_a_deleted_spec_had(Kit& kit) {
    kit.catalog();
    kit.put(recorded("pets", {"a"}));
    kit.embed_everything();
    kit.put(recorded("animals", {"b"}));
    must(kit.store().delete_spec("shop", "animals"));
    rename(kit, "pets", "animals", {"a"});
    const auto jobs = kit.jobs_of("animals");
    ASSERT_EQ(jobs.size(), 2U) << "one history";
    const auto status = must(kit.store().statuses("shop", {})).at(0);
    EXPECT_TRUE(!status.job || status.job->status == JobStatus::succeeded) << "not the deleted spec's cancelled job";
    EXPECT_EQ(kit.put(recorded("animals", {"a", "c"})).enqueued, EnqueueOutcome::created);
    EXPECT_EQ(must(kit.store().statuses("shop", {})).at(0).job->status, JobStatus::pending);
    kit.embed_everything();
    EXPECT_EQ(must(kit.store().health("shop")).at(0).specs_indexed, 1U);
}

void readers_see_both_names(Kit& kit) {
    kit.catalog();
    kit.put(recorded("pets", {"a"}));
    kit.embed_everything();
    const std::uint64_t before = kit.revision();
    rename(kit, "pets", "animals", {"a"});
    auto changes = must(kit.store().changes("shop", before));
    std::ranges::sort(changes.specs);
    EXPECT_TRUE(changes.everything || changes.specs == (Names{"animals", "pets"}));
    Names found;
    must(kit.store().operations("shop", Names{"animals", "pets"},
                                [&](std::string_view name, const Operation&) { found.emplace_back(name); }));
    EXPECT_EQ(found, Names{"animals"});
}

}  // namespace

std::vector<Case> record_cases() {
    return {
        {"records", "a_record_is_given_back_whole", a_record_is_given_back_whole},
        {"records", "a_changed_record_is_written_without_a_job", a_changed_record_is_written_without_a_job},
        {"records", "a_clone_has_the_record", a_clone_has_the_record},
        {"records", "what_was_left_out_adds_up", what_was_left_out_adds_up},
        {"records", "records_out_of_bounds_are_refused", records_out_of_bounds_are_refused},
        {"renaming", "a_renamed_spec_keeps_its_vectors_and_jobs", a_renamed_spec_keeps_its_vectors_and_jobs},
        {"renaming", "a_rename_with_nothing_else_is_a_change", a_rename_with_nothing_else_is_a_change},
        {"renaming", "a_rename_takes_open_jobs_along", a_rename_takes_open_jobs_along},
        {"renaming", "there_and_back", there_and_back},
        {"renaming", "an_old_name_that_is_not_there_is_ignored", an_old_name_that_is_not_there_is_ignored},
        {"renaming", "a_spec_written_since_keeps_its_name", a_spec_written_since_keeps_its_name},
        {"renaming", "a_name_that_a_deleted_spec_had", a_name_that_a_deleted_spec_had},
        {"renaming", "readers_see_both_names", readers_see_both_names},
    };
}

}  // namespace embedq::conformance

#include "random_walk.h"

#include <algorithm>
#include <set>

namespace embedq::conformance {

using enum EnqueueOutcome;

RandomWalk::RandomWalk(Kit& kit, std::uint64_t seed) : kit_(kit), random_(seed) {
    profiles_ = {make_profile("first"), make_profile("second", 6)};
    for (const std::string id : {"shop", "other"}) {
        kit_.catalog(id, profiles_[0]);
        model_.catalogs[id] = {{}, profiles_[0], profiles_[0].id};
    }
    // The time decides what is refused (RandomWalk::commit), so it depends on the seed.
    kit_.advance(std::chrono::microseconds(pick(1'000'000)));
}

std::string RandomWalk::some_catalog() {
    return one_in(3) ? "other" : "shop";
}
std::string RandomWalk::some_spec_name() {
    return std::string(1, static_cast<char>('a' + pick(5)));
}

std::vector<std::string> RandomWalk::some_texts() {
    std::vector<std::string> texts(pick(5));
    for (auto& text : texts) text = "text " + std::to_string(pick(12));
    return texts;
}

RandomWalk::Holder* RandomWalk::some_holder() {
    if (holders_.empty()) return nullptr;
    // Recent holders mostly still hold their jobs; old ones have mostly lost them.
    const std::size_t recent = std::min<std::size_t>(holders_.size(), 6);
    return one_in(5) ? &holders_[pick(holders_.size())] : &holders_[holders_.size() - 1 - pick(recent)];
}

ModelJob* RandomWalk::held(const JobRef& ref) {
    const auto found = model_.jobs.find(ref.id);
    if (found == model_.jobs.end()) return nullptr;
    ModelJob& job = found->second;
    return job.status == JobStatus::running && job.token == ref.token ? &job : nullptr;
}

std::vector<std::string> RandomWalk::missing(const ModelJob& job) {
    const ModelSpec& spec = *model_.spec_of(job);
    std::vector<std::string> texts;
    for (const auto& text : spec.texts) {
        const bool again = std::ranges::count(texts, text) > 0;
        const ModelText* settled = model_.settled(job.profile_id, spec, text);
        const bool due = settled != nullptr && settled->refused && settled->due <= kit_.under_test().now();
        if (!again && (settled == nullptr || due)) texts.push_back(text);
    }
    return texts;
}

// --- what the store may choose

void RandomWalk::discover(const std::string& catalog_id, const std::string& spec_name) {
    const auto jobs = kit_.jobs_of(spec_name, catalog_id);
    if (jobs.empty()) throw std::runtime_error("a job was created that the history does not show");
    const Job& job = jobs.front();
    EXPECT_FALSE(model_.jobs.contains(job.id)) << "a created job is new";
    EXPECT_EQ(job.status, JobStatus::pending);
    ModelJob row;
    row.id = job.id;
    row.catalog_id = catalog_id;
    row.spec_name = spec_name;
    row.kind = job.kind;
    row.due = job.next_run_at.value();
    EXPECT_TRUE(model_.may_be_due(row, row.kind, row.due, kit_.under_test().now()));
    model_.jobs[job.id] = row;
}

void RandomWalk::take_over_due(ModelJob& job) {
    const Job now = kit_.job(job.id);
    const Time due = now.next_run_at.value();
    EXPECT_LE(due, job.due);
    EXPECT_TRUE(due == job.due || model_.may_be_due(job, now.kind, due, kit_.under_test().now()));
    job.kind = now.kind;
    job.due = due;
}

void RandomWalk::expect_enqueued(EnqueueOutcome outcome, const std::string& catalog_id, const std::string& spec_name,
                                 bool wanted) {
    ModelJob* pending = model_.pending(catalog_id, spec_name);
    if (pending != nullptr) {
        EXPECT_NE(outcome, created) << "one_open_job";
        if (wanted) {
            EXPECT_EQ(outcome, collapsed);
        }
        take_over_due(*pending);
        return;
    }
    EXPECT_EQ(outcome, wanted ? created : none);
    if (outcome == created) discover(catalog_id, spec_name);
}

void RandomWalk::take_over_merge(const std::string& catalog_id, const std::string& spec_name) {
    std::size_t waiting = 0;
    for (const Job& job : kit_.jobs_of(spec_name, catalog_id)) {
        ModelJob& row = model_.jobs.at(job.id);
        if (job.status == JobStatus::pending) ++waiting;
        EXPECT_TRUE(row.status == job.status || row.open()) << "a finished job stays what it is";
        if (row.open() && job.completed_at) row.completed = *job.completed_at;
        row.status = job.status;
        row.kind = job.kind;
        row.attempts = job.attempts;
        row.expiries = job.expiries;
        if (job.next_run_at) row.due = *job.next_run_at;
    }
    EXPECT_EQ(waiting, 1U) << "one_open_job";
}

void RandomWalk::to_pending(ModelJob& job, Time due) {
    const bool meets = model_.pending(job.catalog_id, job.spec_name) != nullptr;
    job.status = JobStatus::pending;
    job.due = due;
    if (meets) merged_.emplace_back(job.catalog_id, job.spec_name);
}

// --- the verbs

void RandomWalk::put() {
    const auto write = document(some_spec_name(), some_texts(), some_catalog());
    std::vector<std::string> texts;
    for (const auto& operation : write.operations) texts.push_back(operation.text);
    auto& catalog = model_.catalogs.at(write.catalog_id);
    const bool known = catalog.specs.contains(write.spec_name);
    ModelSpec& spec = catalog.specs[write.spec_name];
    const bool unchanged = known && spec.texts == texts;
    const auto result = kit_.put(write);
    EXPECT_EQ(result.outcome, !known ? PutOutcome::created : unchanged ? PutOutcome::unchanged : PutOutcome::changed);
    EXPECT_EQ(result.operation_count, texts.size());
    if (!unchanged) {
        spec.texts = texts;
        spec.failures = 0;
        spec.parked_until.reset();
    }
    const bool gap = model_.has_gap(catalog, spec);
    if (unchanged && gap && model_.pending(write.catalog_id, write.spec_name) == nullptr &&
        model_.running(write.catalog_id, write.spec_name) > 0) {
        EXPECT_EQ(result.enqueued, collapsed);
        return;
    }
    expect_enqueued(result.enqueued, write.catalog_id, write.spec_name, gap);
}

void RandomWalk::enqueue() {
    const auto catalog_id = some_catalog();
    const auto name = some_spec_name();
    const auto kind = one_in(3) ? JobKind::manual_retry : JobKind::spec_write;
    auto& catalog = model_.catalogs.at(catalog_id);
    const auto found = catalog.specs.find(name);
    if (found == catalog.specs.end()) {
        const EnqueueRequest request{catalog_id, name, kind};
        expect_error(kit_.store().enqueue({&request, 1}), ErrorKind::not_found, name);
        return;
    }
    ModelSpec& spec = found->second;
    const bool forced = kind == JobKind::manual_retry && !spec.texts.empty();
    if (forced) {
        spec.force_from = kit_.under_test().now();
        spec.failures = 0;
        spec.parked_until.reset();
    }
    expect_enqueued(kit_.enqueue(name, kind, catalog_id), catalog_id, name, model_.has_gap(catalog, spec));
    if (forced) {
        EXPECT_LE(model_.pending(catalog_id, name)->due, kit_.under_test().now())
            << "a manual retry is due immediately";
    }
}

void RandomWalk::cancel() {
    if (model_.jobs.empty()) return;
    auto row = model_.jobs.begin();
    std::advance(row, static_cast<std::ptrdiff_t>(pick(model_.jobs.size())));
    ModelJob& job = row->second;
    EXPECT_EQ(must(kit_.store().cancel(std::vector{job.id})), job.open() ? 1U : 0U);
    if (job.open()) model_.finish(job, JobStatus::cancelled, kit_.under_test().now());
}

void RandomWalk::delete_spec() {
    const auto catalog_id = some_catalog();
    const auto name = some_spec_name();
    auto& specs = model_.catalogs.at(catalog_id).specs;
    if (!specs.contains(name))
        return expect_error(kit_.store().delete_spec(catalog_id, name), ErrorKind::not_found, name);
    must(kit_.store().delete_spec(catalog_id, name));
    for (auto& [id, job] : model_.jobs) {
        const bool mine = job.catalog_id == catalog_id && job.spec_name == name;
        if (mine && job.open()) model_.finish(job, JobStatus::cancelled, kit_.under_test().now());
    }
    specs.erase(name);
}

// And creates it again under the same id: nothing of the old one may come back.
void RandomWalk::delete_catalog() {
    const auto id = some_catalog();
    must(kit_.store().delete_catalog(id));
    for (auto& [job_id, job] : model_.jobs) {
        if (job.catalog_id == id && job.open()) model_.finish(job, JobStatus::cancelled, kit_.under_test().now());
    }
    const Profile& profile = profiles_[pick(profiles_.size())];
    kit_.catalog(id, profile);
    model_.catalogs[id] = {{}, profile, profile.id};
}

void RandomWalk::reap() {
    constexpr std::uint32_t max_attempts = 3;
    const Time now = kit_.under_test().now();
    std::vector<ModelJob*> expired;
    for (auto& [id, job] : model_.jobs) {
        if (job.status == JobStatus::running && job.expires <= now) expired.push_back(&job);
    }
    const auto result = must(kit_.store().reap(max_attempts));
    std::size_t failed = 0;
    for (ModelJob* job : expired) {
        ++job->expiries;
        if (job->new_vectors == 0) ++job->attempts;
        if (job->attempts >= max_attempts) {
            model_.finish(*job, JobStatus::failed, now);
            ++failed;
        } else {
            to_pending(*job, now);
        }
    }
    EXPECT_EQ(result.failed, failed);
    EXPECT_EQ(result.requeued, expired.size() - failed);
}

void RandomWalk::reconcile() {
    const Time now = kit_.under_test().now();
    const auto only = one_in(3) ? some_catalog() : "";
    std::size_t gaps = 0;
    std::size_t asked_again = 0;
    std::vector<std::pair<std::string, std::string>> wanted;
    for (const auto& [id, catalog] : model_.catalogs) {
        if (!only.empty() && id != only) continue;
        for (const auto& [name, spec] : catalog.specs) {
            const bool gap = model_.has_gap(catalog, spec);
            if (gap) ++gaps;
            if (!gap && !model_.has_due_refusal(catalog, spec, now)) continue;
            const bool open = model_.pending(id, name) != nullptr || model_.running(id, name) > 0;
            const bool parked = spec.parked_until && *spec.parked_until > now;
            if (open || parked) continue;
            wanted.emplace_back(id, name);
            if (!gap) ++asked_again;
        }
    }
    const auto result = must(kit_.store().reconcile(only));
    EXPECT_EQ(result.gaps, gaps);
    EXPECT_EQ(result.enqueued, wanted.size());
    EXPECT_EQ(result.asked_again, asked_again);
    for (const auto& [id, name] : wanted) discover(id, name);
    for (const auto& [id, catalog] : model_.catalogs) {
        if (only.empty() || id == only) check_serving(id, true);
    }
}

void RandomWalk::prune() {
    const auto age = std::chrono::seconds(30 + pick(3000));
    const Time before = kit_.under_test().now() - age;
    const auto result = must(kit_.store().prune({age, 100'000}));
    EXPECT_FALSE(result.more);
    EXPECT_EQ(result.jobs, std::erase_if(model_.jobs, [&](const auto& entry) {
                  return !entry.second.open() && entry.second.completed < before;
              }));
    std::size_t vectors = 0;
    std::erase_if(model_.texts, [&](const auto& entry) {
        const auto& [key, text] = entry;
        if (text.at >= before || model_.referred_to(key.first, key.second)) return false;
        if (!text.refused) ++vectors;
        return true;
    });
    EXPECT_EQ(result.vectors, vectors);
}

void RandomWalk::set_target() {
    const auto id = some_catalog();
    const Profile& profile = profiles_[pick(profiles_.size())];
    auto& catalog = model_.catalogs.at(id);
    const bool changed = catalog.target->id != profile.id;
    EXPECT_EQ(kit_.set_target(id, profile), changed ? 1U : 0U);
    catalog.target = profile;
    check_serving(id, changed);
}

void RandomWalk::advance() {
    switch (pick(20)) {
        case 0: return kit_.advance(15min + std::chrono::microseconds(pick(1'000'000)));
        case 1:
        case 2: return kit_.advance(21s);
        default: return kit_.advance(std::chrono::microseconds(pick(3'000'000)));
    }
}

void RandomWalk::step() {
    // No two steps happen at the same time, since stores may handle ties differently.
    kit_.advance(std::chrono::microseconds(1 + pick(1000)));
    merged_.clear();
    ended_in_.clear();
    using Verb = void (RandomWalk::*)();
    struct Weighted {
        std::size_t weight;
        Verb verb;
    };
    static constexpr Weighted verb_names[] = {
        {12, &RandomWalk::put},      {8, &RandomWalk::enqueue},        {18, &RandomWalk::claim},
        {18, &RandomWalk::read},     {22, &RandomWalk::commit},        {4, &RandomWalk::extend},
        {2, &RandomWalk::cancel},    {2, &RandomWalk::delete_spec},    {6, &RandomWalk::reap},
        {5, &RandomWalk::reconcile}, {3, &RandomWalk::prune},          {2, &RandomWalk::set_target},
        {8, &RandomWalk::advance},   {1, &RandomWalk::delete_catalog},
    };
    std::size_t at = pick(111);
    for (const auto& [weight, verb] : verb_names) {
        if (at < weight) {
            (this->*verb)();
            break;
        }
        at -= weight;
    }
    for (const auto& [catalog_id, spec_name] : merged_) take_over_merge(catalog_id, spec_name);
    for (const auto& [id, catalog] : model_.catalogs) check_catalog(id);
    check_next_due();
}

}  // namespace embedq::conformance

// What holds while several processes work on one store, and while they die.
#include <signal.h>

#include <algorithm>
#include <map>
#include <set>

#include "conformance/process_kit.h"
#include "kit.h"
#include "process.h"
#include "process_kit_shared.h"
#include "report.h"

namespace embedq::conformance {
namespace {

using Instant = std::chrono::steady_clock::time_point;

Instant in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}
bool is_over(Instant end) {
    return std::chrono::steady_clock::now() >= end;
}

std::shared_ptr<Store> open(StoreInProcesses& place) {
    return must(place.open());
}

// With a schema, a catalog and its target.
std::shared_ptr<Store> open_prepared(StoreInProcesses& place) {
    auto store = open(place);
    must(store->migrate());
    must(store->put_catalog({.catalog_id = "shop"}));
    const CatalogTarget target{"shop", "provider", process_profile()};
    must(store->set_targets({&target, 1}));
    return store;
}

Process start(StoreInProcesses& place, const std::string& what) {
    Process process(place.command());
    process.write_line(what);
    return process;
}

void put(Store& store, int spec, const std::string& version, std::size_t texts) {
    const auto document = process_document(spec, version, texts);
    patiently([&] { return store.put_specs({&document, 1}); });
}

std::size_t open_jobs(Store& store) {
    std::size_t open = 0;
    for (const JobStatus status : {JobStatus::pending, JobStatus::running}) {
        JobQuery query;
        query.status = status;
        query.limit = 500;
        open += patiently([&] { return store.jobs(query); }).size();
    }
    return open;
}

std::map<std::string, std::vector<std::string>> texts_by_spec(Store& store) {
    std::map<std::string, std::vector<std::string>> texts;
    must(store.operations("shop", {}, [&](std::string_view spec, const Operation& operation) {
        texts[std::string(spec)].push_back(operation.text);
    }));
    return texts;
}

// Every text has the vector that was made for it, bit for bit.
void expect_vectors(Store& store) {
    std::vector<Sha256> hashes;
    for (const auto& [spec, texts] : texts_by_spec(store)) {
        for (const std::string& text : texts) hashes.push_back(hash_of(text));
    }
    std::size_t right = 0;
    must(store.vectors(process_profile().id, hashes, [&](std::size_t index, std::span<const float> values) {
        const auto expected = vector_of(hashes.at(index), process_profile().dimension);
        right += std::ranges::equal(values, expected) ? 1U : 0U;
    }));
    EXPECT_EQ(right, hashes.size()) << "texts without the vector that was made for them";
}

// The workers of a case. One that dies is replaced. When enough have died, the others live on.
class Crew {
public:
    Crew(StoreInProcesses& place, std::size_t size, std::size_t deaths) : place_(place), deaths_wanted_(deaths) {
        for (std::size_t i = 0; i < size; ++i) start_one();
    }

    // Reads their lines, and replaces those that died.
    void tend() {
        for (auto& worker : workers_) {
            while (auto line = worker->poll_line()) note(*line);
            if (worker->running()) continue;
            while (auto line = worker->poll_line()) note(*line);
            EXPECT_EQ(worker->wait(), -SIGKILL) << "a worker ended by itself";
            ++deaths_;
            worker = make();
        }
    }

    void finish() {
        for (auto& worker : workers_) worker->close_input();
        for (auto& worker : workers_) {
            while (auto line = worker->read_line()) note(*line);
            const int status = worker->wait();
            EXPECT_TRUE(status == 0 || status == -SIGKILL) << "a worker ended with " << status;
        }
    }

    [[nodiscard]] std::size_t deaths() const { return deaths_; }
    [[nodiscard]] const std::multiset<JobId>& done() const { return done_; }

private:
    std::unique_ptr<Process> make() {
        const int die_in_1000 = deaths_ < deaths_wanted_ ? 60 : 0;
        return std::make_unique<Process>(
            start(place_, "work 400 " + std::to_string(++started_) + " " + std::to_string(die_in_1000)));
    }
    void start_one() { workers_.push_back(make()); }
    void note(const std::string& line) {
        EXPECT_TRUE(line.starts_with("done ")) << line;
        done_.insert(std::stoll(line.substr(5)));
    }

    StoreInProcesses& place_;
    const std::size_t deaths_wanted_;
    std::size_t deaths_ = 0;
    int started_ = 0;
    std::vector<std::unique_ptr<Process>> workers_;
    std::multiset<JobId> done_;
};

void killed_at_random_points(StoreInProcesses& place) {
    constexpr int spec_count = 25;
    constexpr std::size_t death_count = 12;
    const auto store = open_prepared(place);
    for (int spec = 0; spec < spec_count; ++spec) put(*store, spec, "first", 7);
    Crew crew(place, 3, death_count);
    const auto end = in(std::chrono::seconds(120));
    int version = 0;
    while (!is_over(end)) {
        crew.tend();
        patiently([&] { return store->reap(process_max_attempts); });
        const bool idle = open_jobs(*store) == 0;
        if (idle && crew.deaths() >= death_count) break;
        // Work for those who are still to die, and writes while jobs run.
        if (idle || version < spec_count) put(*store, version % spec_count, "later " + std::to_string(version), 5);
        ++version;
    }
    crew.finish();
    EXPECT_GE(crew.deaths(), death_count) << "the case killed too few workers to show anything";
    EXPECT_EQ(open_jobs(*store), 0U) << "a killed worker's job never came back";
    EXPECT_EQ(must(store->settlement("shop", {})).missing(), 0U) << "a text was lost with its worker";
    EXPECT_EQ(must(store->reconcile("")).gaps, 0U);
    expect_vectors(*store);
    for (const JobId id : crew.done()) {
        EXPECT_EQ(crew.done().count(id), 1U) << "two processes finished job " << id;
    }
}

void a_stopped_holder_comes_back_too_late(StoreInProcesses& place) {
    const auto store = open_prepared(place);
    put(*store, 0, "only", 4);
    Process holder = start(place, "hold 300");
    ASSERT_EQ(holder.read_line().value_or("").substr(0, 4), "held");
    holder.send(SIGSTOP);
    // Its lease expires while it is stopped, and another worker does the job.
    Process other = start(place, "work 5000 1 0");
    const auto end = in(std::chrono::seconds(60));
    while (open_jobs(*store) != 0 && !is_over(end)) patiently([&] { return store->reap(process_max_attempts); });
    other.close_input();
    EXPECT_EQ(other.wait(), 0);
    holder.send(SIGCONT);
    holder.write_line("commit");
    EXPECT_EQ(holder.read_line().value_or(""), "lost")
        << "a holder whose lease expired must get 'lost', and must change nothing";
    EXPECT_EQ(holder.wait(), 0);
    expect_vectors(*store);
}

void killed_holders_are_back_in_time(StoreInProcesses& place) {
    constexpr std::chrono::milliseconds lease_time{500};
    const auto store = open_prepared(place);
    std::chrono::milliseconds longest{0};
    for (int round = 0; round < 3; ++round) {
        put(*store, round, "only", 2);
        Process holder = start(place, "hold " + std::to_string(lease_time.count()));
        ASSERT_EQ(holder.read_line().value_or("").substr(0, 4), "held");
        const auto killed = std::chrono::steady_clock::now();
        holder.send(SIGKILL);
        EXPECT_EQ(holder.wait(), -SIGKILL);
        ClaimRequest request;
        request.worker_id = "kit-parent";
        request.fingerprints = {process_profile().fingerprint};
        request.lease = std::chrono::minutes(1);
        std::vector<ClaimedJob> jobs;
        while (jobs.empty() && !is_over(killed + std::chrono::seconds(60))) {
            patiently([&] { return store->reap(process_max_attempts); });
            jobs = patiently([&] { return store->claim(request); });
        }
        ASSERT_EQ(jobs.size(), 1U) << "a killed holder's job never came back";
        longest = std::max(
            longest, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - killed));
        Delivery delivery;
        delivery.report(jobs[0].ref, JobOutcome::failed);
        must(store->commit(delivery.commit()));
    }
    EXPECT_LE(longest.count(), (lease_time + std::chrono::seconds(1)).count())
        << "a dead worker's job is back within the lease and a second";
}

void writers_of_one_spec(StoreInProcesses& place) {
    constexpr int spec_count = 3;
    constexpr int version_count = 15;
    const auto store = open_prepared(place);
    std::vector<std::unique_ptr<Process>> writers;
    for (int seed = 1; seed <= 3; ++seed) {
        writers.push_back(
            std::make_unique<Process>(start(place, "write " + std::to_string(seed) + " " + std::to_string(spec_count) +
                                                       " " + std::to_string(version_count))));
    }
    for (auto& writer : writers) {
        while (writer->read_line()) {
        }
        EXPECT_EQ(writer->wait(), 0);
    }
    for (int spec = 0; spec < spec_count; ++spec) {
        const auto info = must(store->spec("shop", process_spec(spec)));
        EXPECT_EQ(info.generation, writers.size() * version_count)
            << "each write of " << info.spec_name << " counts once";
    }
    JobQuery query;
    query.limit = 500;
    EXPECT_EQ(must(store->jobs(query)).size(), static_cast<std::size_t>(spec_count))
        << "writes collapse onto the one pending job of a spec";
}

void killed_writers(StoreInProcesses& place) {
    constexpr int spec_count = 4;
    const auto store = open_prepared(place);
    for (int round = 1; round <= 4; ++round) {
        Process writer = start(place, "write " + std::to_string(round) + " " + std::to_string(spec_count) + " 1000000");
        // Somewhere in the middle.
        for (int line = 0; line < 3 * round; ++line) ASSERT_TRUE(writer.read_line());
        writer.send(SIGKILL);
        EXPECT_EQ(writer.wait(), -SIGKILL);
    }
    std::set<std::string> waiting;
    JobQuery query;
    query.status = JobStatus::pending;
    query.limit = 500;
    for (const Job& job : must(store->jobs(query))) waiting.insert(job.spec_name);
    const auto texts = texts_by_spec(*store);
    EXPECT_FALSE(texts.empty());
    for (const auto& [spec, all] : texts) {
        EXPECT_TRUE(waiting.contains(spec)) << spec << " was written, but its job was lost with the writer";
        EXPECT_EQ(must(store->spec("shop", spec)).operation_count, all.size());
        const std::string version = all.at(1).substr(0, all[1].find(" text "));
        for (std::size_t i = 1; i < all.size(); ++i)
            EXPECT_TRUE(all[i].starts_with(version + " text ")) << "two versions in " << spec;
    }
}

void first_starts_meet(StoreInProcesses& place) {
    std::vector<std::unique_ptr<Process>> all;
    for (int i = 0; i < 8; ++i) all.push_back(std::make_unique<Process>(start(place, "migrate")));
    for (auto& process : all) {
        EXPECT_EQ(process->read_line().value_or(""), "migrated");
        EXPECT_EQ(process->wait(), 0);
    }
    const auto state = must(open(place)->migration_state());
    EXPECT_EQ(state.current, state.newest);
}

void processes_share_a_rate_limit(StoreInProcesses& place) {
    constexpr int process_count = 4;
    constexpr int call_count = 50;
    const auto store = open_prepared(place);
    std::vector<std::unique_ptr<Process>> all;
    for (int i = 0; i < process_count; ++i)
        all.push_back(std::make_unique<Process>(start(place, "reserve " + std::to_string(call_count))));
    std::vector<std::int64_t> stretches;
    for (auto& process : all) {
        while (const auto line = process->read_line()) {
            ASSERT_TRUE(line->starts_with("starts ")) << *line;
            // The number of the stretch: all were reserved within the time of the first.
            const std::chrono::microseconds starts_in(std::stoll(line->substr(7)));
            stretches.push_back(
                std::chrono::ceil<std::chrono::duration<std::int64_t, std::ratio<600>>>(starts_in).count());
        }
        EXPECT_EQ(process->wait(), 0);
    }
    static_assert(process_stretch == std::chrono::duration<std::int64_t, std::ratio<600>>(1));
    std::ranges::sort(stretches);
    ASSERT_EQ(stretches.size(), static_cast<std::size_t>(process_count * call_count));
    for (std::size_t i = 0; i < stretches.size(); ++i)
        EXPECT_EQ(stretches[i], static_cast<std::int64_t>(i)) << "two processes have one stretch";
}

struct ProcessCase {
    std::string invariant;
    std::string name;
    void (*run)(StoreInProcesses&);
};

const std::vector<ProcessCase>& process_cases() {
    static const std::vector<ProcessCase> all{
        {"crash_loses_nothing", "workers_killed_at_random_points", killed_at_random_points},
        {"fenced", "a_stopped_holder_comes_back_too_late", a_stopped_holder_comes_back_too_late},
        {"recovered_in_time", "killed_holders_are_back_within_the_lease_and_a_second", killed_holders_are_back_in_time},
        {"one_open_job", "writers_in_several_processes", writers_of_one_spec},
        {"write_and_enqueue_are_one", "killed_writers_leave_whole_documents_with_their_jobs", killed_writers},
        {"rate_limits", "a_rate_limit_is_shared_by_all_processes", processes_share_a_rate_limit},
        {"migrations", "first_starts_of_several_processes_meet", first_starts_meet},
    };
    return all;
}

class ProcessTest : public testing::Test {
public:
    ProcessTest(ProcessCase the_case, ProcessStoreFactory factory)
        : case_(std::move(the_case)), factory_(std::move(factory)) {}

    void TestBody() override {
        const auto place = factory_();
        const std::string reason = unless_multi_process(open(*place)->capabilities());
        if (!reason.empty()) GTEST_SKIP() << reason;
        case_.run(*place);
    }

private:
    const ProcessCase case_;
    const ProcessStoreFactory factory_;
};

}  // namespace

bool register_store_process_kit(const std::string& store_name, const ProcessStoreFactory& factory) {
    report_by_invariant();
    for (const ProcessCase& one : process_cases()) {
        testing::RegisterTest((store_name + "/processes/" + one.invariant).c_str(), one.name.c_str(), nullptr, nullptr,
                              __FILE__, __LINE__,
                              [one, factory]() -> ProcessTest* { return new ProcessTest(one, factory); });
    }
    return true;
}

}  // namespace embedq::conformance

// What each operation of the queue costs in each store, through the plugin boundary and the host's guard, as in
// production.
//
// usage: store_bench [--config FILE]... [Google Benchmark's options]
//
// The stores are those that the YAML files name; without --config, stores/memory.yaml and stores/sqlite.yaml. It is
// safe to name a store that other programs use: catalogs have random ids and are deleted at the end, and jobs are
// claimed under a profile of this run alone. Finished jobs, `cancelled` or not, and vectors stay until they are pruned.
//
// Workloads, each as WORKLOAD/STORE; the catalog grows while put_new and work run:
//   put_new      put_specs of 32 new specs of 16 operations, with their jobs; items are operations
//   put_same     the same documents again; items are operations
//   work         claim those 32 jobs, read their 512 missing texts, commit 512 vectors of 512 and 32 outcomes; items
//                are vectors
//   statuses     the statuses of a catalog of 200 specs and 10,000 operations, all embedded; items are specs
//   health       the summary of that catalog
//   read         its 10,000 vectors, as ranking reads them at a start; items are vectors
//   reconcile    looking for gaps in it, without finding any; items are specs
//   empty_claim  a claim when nothing is due: the cost of a poll
#include <benchmark/benchmark.h>

#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalog/document.h"
#include "catalog/hash.h"
#include "catalog/profile.h"
#include "opened_store.h"
#include "synthetic.h"

namespace embedq::bench {
namespace {

constexpr std::size_t dimension = 512;

// A failure ends the workload, since further results would mean something else.
template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(to_string(result.error()));
    return std::move(*result);
}

std::string random_id() {
    std::random_device device;
    return "bench-" + std::to_string(device()) + "-" + std::to_string(device());
}

// A catalog of its own in a store, and the work of a worker on it.
class Fixture {
public:
    explicit Fixture(const std::string& yaml)
        : opened_(must(OpenedStore::open(yaml))), catalog_(random_id()), random_(11) {
        must(store().put_catalog({catalog_, catalog_, "1", catalog_, "benchmark"}));
        ProviderInfo info;
        info.model = catalog_;
        info.dimension = dimension;
        profile_ = catalog::make_profile("benchmark", info, catalog::text_version);
        const CatalogTarget target{catalog_, "benchmark", profile_};
        must(store().set_targets(std::span(&target, 1)));
        for (int i = 0; i < 512; ++i) vectors_.push_back(make_vector(dimension, random_));
    }
    ~Fixture() {
        if (const Status deleted = store().delete_catalog(catalog_); !deleted) {
            std::fprintf(stderr, "store_bench: the catalog %s is left behind: %s\n", catalog_.c_str(),
                         to_string(deleted.error()).c_str());
        }
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    [[nodiscard]] Store& store() { return opened_->store(); }
    [[nodiscard]] const std::string& catalog() const { return catalog_; }
    [[nodiscard]] const Profile& profile() const { return profile_; }

    // Specs that no earlier call returned.
    std::vector<SpecWrite> new_specs(std::size_t specs, std::size_t operations) {
        std::vector<SpecWrite> writes;
        for (std::size_t i = 0; i < specs; ++i) {
            SpecWrite write;
            write.catalog_id = catalog_;
            write.spec_name = "spec-" + std::to_string(++last_spec_);
            write.title = "Synthetic";
            write.operations = make_operations(operations, random_.next());
            write.content = openapi_json(write.operations);
            write.content_hash = catalog::sha256(write.content);
            write.text_version = catalog::text_version;
            writes.push_back(std::move(write));
        }
        return writes;
    }

    [[nodiscard]] std::vector<ClaimedJob> claim(std::size_t jobs, std::size_t texts) {
        return must(store().claim(
            {.worker_id = "benchmark", .fingerprints = {profile_.fingerprint}, .max_jobs = jobs, .max_texts = texts}));
    }

    // One round of a worker; returns how many vectors were kept.
    std::size_t work(std::size_t jobs, std::size_t texts) {
        const auto claimed = claim(jobs, texts);
        std::vector<MissingQuery> queries;
        queries.reserve(claimed.size());
        for (const ClaimedJob& job : claimed) queries.push_back({job.ref});
        const auto pages = must(store().missing_texts(queries));
        Commit commit;
        for (std::size_t i = 0; i < claimed.size(); ++i) {
            const MissingTexts page = must(pages[i]);
            JobReport report{claimed[i].ref, JobOutcome::succeeded, {}, {}, {}, {}};
            for (const MissingText& text : page.texts) {
                const auto index = static_cast<std::uint32_t>(commit.vectors.size());
                commit.vectors.push_back(
                    {page.profile_id, text.text_hash, page.as_of, vectors_[index % vectors_.size()]});
                report.vectors.push_back(index);
            }
            commit.jobs.push_back(std::move(report));
        }
        for (const bool kept : must(store().commit(commit))) {
            if (!kept) throw std::runtime_error("a lease was lost; is the machine very slow?");
        }
        return commit.vectors.size();
    }

private:
    std::unique_ptr<OpenedStore> opened_;
    std::string catalog_;
    Random random_;
    Profile profile_;
    std::vector<std::vector<float>> vectors_;
    std::size_t last_spec_ = 0;
};

// The catalog that reading workloads share.
struct Embedded {
    static constexpr std::size_t specs = 200;
    static constexpr std::size_t operations = 50;

    explicit Embedded(const std::string& yaml) : fixture(yaml) {
        for (std::size_t done = 0; done < specs; done += 20) {
            const auto batch = fixture.new_specs(20, operations);
            must(fixture.store().put_specs(batch));
            for (const SpecWrite& spec : batch) {
                for (const Operation& operation : spec.operations) texts.push_back(operation.text_hash);
            }
            std::size_t kept = 0;
            while (kept < 20 * operations) {
                const std::size_t now = fixture.work(10, 10 * operations);
                if (now == 0) throw std::runtime_error("texts are left, but no job is due");
                kept += now;
            }
        }
    }

    Fixture fixture;
    std::vector<Sha256> texts;
};

void expect(bool holds, const char* otherwise) {
    if (!holds) throw std::runtime_error(otherwise);
}

constexpr std::size_t batch_specs = 32;
constexpr std::size_t batch_operations = 16;
constexpr std::size_t batch_texts = batch_specs * batch_operations;

void put_new(benchmark::State& state, const std::string& yaml) {
    Fixture fixture(yaml);
    for (auto _ : state) {
        state.PauseTiming();
        const auto specs = fixture.new_specs(batch_specs, batch_operations);
        state.ResumeTiming();
        const auto put = must(fixture.store().put_specs(specs));
        expect(put.back().enqueued == EnqueueOutcome::created, "a new spec got no job");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_texts));
}

void put_same(benchmark::State& state, const std::string& yaml) {
    Fixture fixture(yaml);
    const auto specs = fixture.new_specs(batch_specs, batch_operations);
    must(fixture.store().put_specs(specs));
    expect(fixture.work(batch_specs, batch_texts) == batch_texts, "texts are left");
    for (auto _ : state) {
        const auto put = must(fixture.store().put_specs(specs));
        expect(put.back().outcome == PutOutcome::unchanged && put.back().enqueued == EnqueueOutcome::none,
               "an unchanged spec was written");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_texts));
}

void work(benchmark::State& state, const std::string& yaml) {
    Fixture fixture(yaml);
    for (auto _ : state) {
        state.PauseTiming();
        must(fixture.store().put_specs(fixture.new_specs(batch_specs, batch_operations)));
        state.ResumeTiming();
        expect(fixture.work(batch_specs, batch_texts) == batch_texts, "a claim left texts behind");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_texts));
}

void statuses(benchmark::State& state, Embedded& embedded) {
    for (auto _ : state) {
        const auto rows = must(embedded.fixture.store().statuses(embedded.fixture.catalog(), {}));
        expect(rows.size() == Embedded::specs && rows.back().embedding_count == Embedded::operations,
               "specs are not embedded");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Embedded::specs));
}

void health(benchmark::State& state, Embedded& embedded) {
    for (auto _ : state) {
        const auto rows = must(embedded.fixture.store().health(embedded.fixture.catalog()));
        expect(rows.front().specs_indexed == Embedded::specs, "specs are not indexed");
    }
    state.SetItemsProcessed(state.iterations());
}

void read(benchmark::State& state, Embedded& embedded) {
    for (auto _ : state) {
        std::size_t seen = 0;
        const Status status = embedded.fixture.store().vectors(
            embedded.fixture.profile().id, embedded.texts,
            [&](std::size_t, std::span<const float> row) { seen += row.size() / dimension; });
        expect(status.has_value() && seen == embedded.texts.size(), "vectors are missing");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(embedded.texts.size()));
}

void reconcile(benchmark::State& state, Embedded& embedded) {
    for (auto _ : state) {
        const auto result = must(embedded.fixture.store().reconcile(embedded.fixture.catalog()));
        expect(result.gaps == 0, "there is a gap");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Embedded::specs));
}

void empty_claim(benchmark::State& state, Embedded& embedded) {
    for (auto _ : state) expect(embedded.fixture.claim(64, 8'192).empty(), "something was due");
    state.SetItemsProcessed(state.iterations());
}

using Workload = std::function<void(benchmark::State&)>;

void add(const std::string& name, Workload workload) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [workload = std::move(workload)](benchmark::State& state) {
                                     try {
                                         workload(state);
                                     } catch (const std::exception& error) {
                                         state.SkipWithError(error.what());
                                     }
                                 })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();  // a store that waits for a disk or a server uses no processor
}

// Catalogs for reading, filled by the first workload that needs them, and deleted before the process ends.
using Catalogs = std::map<std::string, std::unique_ptr<Embedded>>;

void add_store(const std::string& store, const std::string& yaml, Catalogs& catalogs) {
    using Named = std::pair<const char*, void (*)(benchmark::State&, const std::string&)>;
    for (const auto& [name, run] : {Named{"put_new", put_new}, Named{"put_same", put_same}, Named{"work", work}}) {
        add(std::string(name) + "/" + store,
            [workload = run, yaml](benchmark::State& state) { workload(state, yaml); });
    }
    using Reading = std::pair<const char*, void (*)(benchmark::State&, Embedded&)>;
    for (const auto& [name, run] : {Reading{"statuses", statuses}, Reading{"health", health}, Reading{"read", read},
                                    Reading{"reconcile", reconcile}, Reading{"empty_claim", empty_claim}}) {
        add(std::string(name) + "/" + store, [workload = run, yaml, &catalogs](benchmark::State& state) {
            auto& catalog = catalogs[yaml];
            if (catalog == nullptr) catalog = std::make_unique<Embedded>(yaml);
            workload(state, *catalog);
        });
    }
}

// Removes `--config FILE` and `--config=FILE` from the arguments. Returns nothing if the file is missing.
std::optional<std::vector<std::string>> take_configs(std::vector<char*>& arguments) {
    const std::string flag = "--config";
    std::vector<std::string> files;
    std::vector<char*> others;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string argument = arguments[i];
        if (argument == flag) {
            if (++i == arguments.size()) return std::nullopt;
            files.emplace_back(arguments[i]);
        } else if (argument.starts_with(flag + "=")) {
            files.push_back(argument.substr(flag.size() + 1));
        } else {
            others.push_back(arguments[i]);
        }
    }
    if (files.empty()) files = {EMBEDQ_BENCH_STORES "/memory.yaml", EMBEDQ_BENCH_STORES "/sqlite.yaml"};
    arguments = std::move(others);
    return files;
}

int run(std::vector<char*> arguments) {
    const auto files = take_configs(arguments);
    if (!files) {
        std::fprintf(stderr, "store_bench: --config needs a YAML file, as in --config config/examples/memory.yaml\n");
        return 2;
    }
    Catalogs catalogs;
    std::map<std::string, int> named;
    for (const std::string& yaml : *files) {
        // A problem of the configuration is reported before anything is measured.
        const auto opened = OpenedStore::open(yaml);
        if (!opened) {
            std::fprintf(stderr, "store_bench: %s\n", to_string(opened.error()).c_str());
            return 2;
        }
        const std::string& plugin = (*opened)->plugin();
        const int count = ++named[plugin];
        add_store(count == 1 ? plugin : plugin + "#" + std::to_string(count), yaml, catalogs);
    }
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace
}  // namespace embedq::bench

int main(int argc, char** argv) {
    return embedq::bench::run({argv, argv + argc});
}

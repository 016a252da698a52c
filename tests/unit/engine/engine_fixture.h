// An engine over the memory store, a scheduler that embeds, and small real documents.
#pragma once

#include "embedq/catalog.h"
#include "embedq/job.h"
#include "engine/host_engine.h"
#include "pipeline_fixture.h"
#include "sync/sleep.h"

namespace embedq::engine {

class EngineTest : public testing::Test {
protected:
    using Provider = scheduler::ScriptedProvider;

    void SetUp() override {
        store = memory::make_store(context);
        ASSERT_TRUE(store->migrate());
    }

    std::unique_ptr<HostEngine> engine_with(const std::string& default_provider,
                                            std::map<std::string, std::string> catalogs = {}) {
        return make_engine(*store, notifier, providers, {default_provider, std::move(catalogs)}, context);
    }
    static SpecInput document(const std::string& spec, const std::vector<std::string>& summaries,
                              const std::string& catalog = "c") {
        SpecInput input;
        input.catalog_id = catalog;
        input.spec_name = spec;
        input.content = R"({"openapi":"3.0.0","info":{"title":")" + spec + R"(","version":"1"},"paths":{)";
        for (std::size_t i = 0; i < summaries.size(); ++i) {
            input.content += std::string(i > 0 ? "," : "") + "\"/thing" + std::to_string(i) +
                             R"(":{"get":{"operationId":"op)" + std::to_string(i) + R"(","summary":")" + summaries[i] +
                             "\"}}";
        }
        input.content += "}}";
        return input;
    }
    static Result<PutResult> put(Engine& engine, const SpecInput& input) {
        auto results = engine.put_specs(std::span(&input, 1));
        if (!results) return std::unexpected(results.error());
        return results->front();
    }
    // Runs a scheduler until no job is open.
    void work(endpoints::ProviderDirectory& with) {
        scheduler::Scheduler scheduler(*store, notifier, with, settings, context);
        ASSERT_TRUE(scheduler.start());
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (open_jobs() > 0 && std::chrono::steady_clock::now() < end)
            sync::sleep_for(std::chrono::milliseconds(2), {});
        scheduler.stop();
        ASSERT_EQ(open_jobs(), 0U);
    }
    std::size_t open_jobs() {
        std::size_t open = 0;
        for (const JobStatus status : {JobStatus::pending, JobStatus::running}) {
            JobQuery query;
            query.status = status;
            open += store->jobs(query)->size();
        }
        return open;
    }

    scheduler::RealContext context;
    std::unique_ptr<Store> store;
    scheduler::TestNotifier notifier;
    SchedulerSettings settings;
    std::shared_ptr<Provider> first = std::make_shared<Provider>("first model");
    std::shared_ptr<Provider> second = std::make_shared<Provider>("second model");
    endpoints::ProviderDirectory providers{{{"one", "scripted", first, {}}, {"two", "scripted", second, {}}}};
};

}  // namespace embedq::engine

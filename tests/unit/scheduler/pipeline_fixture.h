// A whole scheduler with a real memory store and a provider whose answers the test scripts. In real time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catalog/hash.h"
#include "embedq/catalog.h"
#include "embedq/context.h"
#include "embedq/job.h"
#include "embedq/profile.h"
#include "memory/store.h"
#include "scheduler/scheduler.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::scheduler {

class RealContext : public Context, private Logger, private Clock {
public:
    std::string_view name() const noexcept override { return "test"; }
    embedq::Logger& logger() noexcept override { return *this; }
    const embedq::Clock& clock() const noexcept override { return *this; }
    std::uint64_t random() noexcept override {
        const sync::Lock lock(mutex_);
        return random_();
    }
    std::optional<std::string> store_option(std::string_view) const override { return std::nullopt; }

    std::vector<std::string> logged() {
        const sync::Lock lock(mutex_);
        return lines_;
    }

private:
    void log(LogLevel, std::string_view message) override {
        const sync::Lock lock(mutex_);
        lines_.emplace_back(message);
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    Steady now() const noexcept override { return std::chrono::steady_clock::now(); }
    Wall wall() const noexcept override {
        return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    }

    sync::Mutex mutex_;
    std::mt19937_64 random_ EMBEDQ_GUARDED_BY(mutex_){20'261'123};
    std::vector<std::string> lines_ EMBEDQ_GUARDED_BY(mutex_);
};

class TestNotifier : public Notifier {
public:
    void publish() override {
        const sync::Lock lock(mutex_);
        if (deaf) return;
        woken_ = true;
        changed_.notify_all();
    }
    Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) override {
        sync::Lock lock(mutex_);
        if (changed_.wait_until(lock, stop, deadline, [&]() EMBEDQ_REQUIRES(mutex_) { return woken_; })) {
            woken_ = false;
            return Wake::notified;
        }
        return stop.stop_requested() ? Wake::stopped : Wake::timeout;
    }
    bool deaf = false;  // set before use: every notification is lost

private:
    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ EMBEDQ_GUARDED_BY(mutex_) = false;
};

// Answers each call by the script, or with a vector per text. Counts calls, and how often each text was sent.
class ScriptedProvider : public Provider {
public:
    using Script = std::function<std::optional<Error>(const EmbedRequest&, int call)>;

    explicit ScriptedProvider(std::string model, std::size_t concurrency = 2, std::size_t max_inputs = 16,
                              std::vector<std::string> endpoints = {"default"})
        : model_(std::move(model)),
          concurrency_(concurrency),
          max_inputs_(max_inputs),
          endpoints_(std::move(endpoints)) {}

    Result<ProviderInfo> info(std::stop_token) override {
        ProviderInfo info;
        info.model = model_;
        info.dimension = 3;
        info.limits.concurrency = concurrency_;
        info.limits.max_inputs = max_inputs_;
        info.endpoints = endpoints_;
        info.call_timeout = call_timeout;
        return info;
    }
    Result<EmbedResult> embed(const EmbedRequest& request) override {
        int call = 0;
        Script script;
        {
            const sync::Lock lock(mutex_);
            call = ++calls_;
            script = script_;
            for (const std::string_view text : request.texts) ++times_sent_[std::string(text)];
            if (is_sample(request.texts.front())) ++samples_;
            called_.notify_all();
        }
        if (script) {
            if (auto error = script(request, call)) return std::unexpected(*error);
        }
        EmbedResult result;
        result.dimension = 3;
        for (const std::string_view text : request.texts) {
            const float length = static_cast<float>(text.size());
            result.matrix.insert(result.matrix.end(), {1.0F, length, static_cast<float>(text.back())});
        }
        for (std::size_t i = 0; refuses && i < request.texts.size(); ++i) {
            if (refuses(request.texts[i])) result.errors.push_back({i, {refusal_kind, "no such text"}});
        }
        return result;
    }

    // Set before use.
    std::function<bool(std::string_view)> refuses;  // texts that get an error of their own in an answered call
    ErrorKind refusal_kind = ErrorKind::invalid_input;
    std::chrono::milliseconds call_timeout{0};  // as `info` reports

    void script(Script script) {
        const sync::Lock lock(mutex_);
        script_ = std::move(script);
    }
    int calls() const {
        const sync::Lock lock(mutex_);
        return calls_;
    }
    // The text of a trial or a control.
    static bool is_sample(std::string_view text) { return text.starts_with("sample "); }
    int samples() const {
        const sync::Lock lock(mutex_);
        return samples_;
    }
    int times_sent(const std::string& text) const {
        const sync::Lock lock(mutex_);
        const auto found = times_sent_.find(text);
        return found == times_sent_.end() ? 0 : found->second;
    }
    void wait_for_call(int n) {
        sync::Lock lock(mutex_);
        called_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) { return calls_ >= n; });
    }

private:
    const std::string model_;
    const std::size_t concurrency_;
    const std::size_t max_inputs_;
    const std::vector<std::string> endpoints_;
    mutable sync::Mutex mutex_;
    std::condition_variable_any called_;
    Script script_ EMBEDQ_GUARDED_BY(mutex_);
    int calls_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    int samples_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    std::map<std::string, int> times_sent_ EMBEDQ_GUARDED_BY(mutex_);
};

// A gate at which a scripted call waits until the test opens it.
class Gate {
public:
    void wait() {
        sync::Lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) { return open_; });
    }
    void wait_until_reached() {
        sync::Lock lock(mutex_);
        changed_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) { return waiting_ > 0; });
    }
    void open() {
        const sync::Lock lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

private:
    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    bool open_ EMBEDQ_GUARDED_BY(mutex_) = false;
    int waiting_ EMBEDQ_GUARDED_BY(mutex_) = 0;
};

class PipelineTest : public testing::Test {
protected:
    void SetUp() override {
        store = memory::make_store(context);
        ASSERT_TRUE(store->migrate());
        ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
        settings.backoff.base = std::chrono::milliseconds(5);
        settings.heartbeat = std::chrono::milliseconds(50);
        settings.reap = std::chrono::milliseconds(200);
        settings.grace = std::chrono::seconds(5);
        settings.ask_again = std::chrono::milliseconds(5);
        set_target();
    }

    endpoints::ProviderDirectory directory(std::shared_ptr<Provider> configured) {
        return endpoints::ProviderDirectory({{"p", "scripted", std::move(configured), {}}});
    }

    // Sets the provider's profile as the catalog's target.
    void set_target() {
        const auto probed = providers.known_or_probe("p");
        ASSERT_TRUE(probed);
        const CatalogTarget target{"c", "p", (*probed)->profile};
        ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    }

    static SpecWrite spec(const std::string& name, const std::vector<std::string>& texts) {
        SpecWrite write;
        write.catalog_id = "c";
        write.spec_name = name;
        for (const std::string& text : texts) {
            Operation operation;
            operation.operation_id = "op " + std::to_string(write.operations.size());
            operation.method = "GET";
            operation.path = "/" + text;
            operation.text = text;
            operation.text_hash = catalog::sha256(text);
            write.content += text + "\n";
            write.operations.push_back(std::move(operation));
        }
        write.content_hash = catalog::sha256(write.content);
        return write;
    }
    static std::vector<std::string> numbered(const std::string& stem, int count) {
        std::vector<std::string> texts;
        for (int i = 0; i < count; ++i) texts.push_back(stem + " " + std::to_string(i));
        return texts;
    }
    void put(const std::string& name, const std::vector<std::string>& texts) {
        const SpecWrite write = spec(name, texts);
        ASSERT_TRUE(store->put_specs(std::span(&write, 1)));
        notifier.publish();
    }
    std::unique_ptr<Scheduler> start() {
        auto scheduler = std::make_unique<Scheduler>(*store, notifier, providers, settings, context);
        EXPECT_TRUE(scheduler->start());
        return scheduler;
    }
    // Checks again and again, for as long as a slow machine may need.
    static bool eventually(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (std::chrono::steady_clock::now() < end) {
            if (holds()) return true;
            sync::sleep_for(std::chrono::milliseconds(2), {});
        }
        return false;
    }
    std::vector<Job> jobs(std::optional<JobStatus> status = {}) {
        JobQuery query;
        query.status = status;
        query.limit = 1'000;
        return store->jobs(query).value();
    }
    bool settled() {
        const Settlement settlement = store->settlement("c", {}).value();
        return settlement.missing() == 0 && jobs(JobStatus::pending).empty() && jobs(JobStatus::running).empty();
    }

    RealContext context;
    std::unique_ptr<Store> store;
    TestNotifier notifier;
    SchedulerSettings settings;
    std::shared_ptr<ScriptedProvider> provider = std::make_shared<ScriptedProvider>("model");
    endpoints::ProviderDirectory providers = directory(provider);
};

}  // namespace embedq::scheduler

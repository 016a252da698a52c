// A provider whose model a test replaces under its name, and a context whose clock a test advances.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "pipeline_fixture.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

class ManualClockContext : public RealContext {
public:
    void advance(std::chrono::milliseconds time) {
        const sync::Lock lock(time_mutex_);
        now_ += time;
    }

private:
    std::chrono::steady_clock::time_point now() const noexcept override {
        const sync::Lock lock(time_mutex_);
        return now_;
    }
    mutable sync::Mutex time_mutex_;
    std::chrono::steady_clock::time_point now_ EMBEDQ_GUARDED_BY(time_mutex_) = std::chrono::steady_clock::now();
};

// Each digest makes vectors of its own: the first number is the digest's length. Once the model is not the one that
// `info` named last, calls fail with `misconfigured`, as the contract says.
class ChangingProvider : public Provider {
public:
    explicit ChangingProvider(std::string digest) : digest_(digest), reported_(std::move(digest)) {}

    Result<ProviderInfo> info(std::stop_token) override {
        const auto hook = on_info();
        if (hook) hook();
        const sync::Lock lock(mutex_);
        ++infos_;
        if (error_) return std::unexpected(*error_);
        reported_ = digest_;
        ProviderInfo info;
        info.model = "model";
        info.model_digest = digest_;
        info.dimension = dimension_;
        info.limits = limits_;
        info.call_timeout = call_timeout_;
        return info;
    }
    Result<EmbedResult> embed(const EmbedRequest& request) override {
        std::function<void()> hook;
        std::string digest;
        {
            const sync::Lock lock(mutex_);
            ++embeds_;
            if (error_) return std::unexpected(*error_);
            if (reported_ != digest_) return fail(ErrorKind::misconfigured, "the model is another one");
            digest = digest_;
            hook = on_embed_;
        }
        if (hook) hook();
        EmbedResult result;
        {
            const sync::Lock lock(mutex_);
            result.dimension = dimension_;
        }
        for (const std::string_view text : request.texts) {
            result.matrix.push_back(static_cast<float>(digest.size()));
            for (std::size_t i = 1; i < result.dimension; ++i) result.matrix.push_back(static_cast<float>(text.size()));
        }
        return result;
    }

    void replace(std::string digest) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { digest_ = std::move(digest); });
    }
    void fail_with(std::optional<Error> error) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { error_ = std::move(error); });
    }
    void limit(ProviderLimits limits) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { limits_ = limits; });
    }
    void call_timeout(std::chrono::milliseconds time) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { call_timeout_ = time; });
    }
    // Vectors of another size, reported by the next `info`.
    void resize(std::size_t dimension) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { dimension_ = dimension; });
    }
    void on_info(std::function<void()> hook) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { on_info_ = std::move(hook); });
    }
    void on_embed(std::function<void()> hook) {
        set([&]() EMBEDQ_REQUIRES(mutex_) { on_embed_ = std::move(hook); });
    }
    int infos() const {
        const sync::Lock lock(mutex_);
        return infos_;
    }
    int embeds() const {
        const sync::Lock lock(mutex_);
        return embeds_;
    }

private:
    template <class Change>
    void set(Change change) {
        const sync::Lock lock(mutex_);
        change();
    }
    std::function<void()> on_info() const {
        const sync::Lock lock(mutex_);
        return on_info_;
    }

    mutable sync::Mutex mutex_;
    std::string digest_ EMBEDQ_GUARDED_BY(mutex_);
    std::string reported_ EMBEDQ_GUARDED_BY(mutex_);
    std::optional<Error> error_ EMBEDQ_GUARDED_BY(mutex_);
    ProviderLimits limits_ EMBEDQ_GUARDED_BY(mutex_){.concurrency = 2, .max_inputs = 16};
    std::chrono::milliseconds call_timeout_ EMBEDQ_GUARDED_BY(mutex_){0};
    std::size_t dimension_ EMBEDQ_GUARDED_BY(mutex_) = 3;
    std::function<void()> on_info_ EMBEDQ_GUARDED_BY(mutex_);
    std::function<void()> on_embed_ EMBEDQ_GUARDED_BY(mutex_);
    int infos_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    int embeds_ EMBEDQ_GUARDED_BY(mutex_) = 0;
};

// A probe of the provider that runs as long as this object lives.
class RunningProbe {
public:
    RunningProbe(endpoints::ProviderDirectory& providers, ChangingProvider& provider) {
        provider.on_info([this] { gate_.wait(); });
        thread_ = std::jthread([&providers] { EXPECT_TRUE(providers.probe("p")); });
        gate_.wait_until_reached();
        provider.on_info({});
    }
    ~RunningProbe() { gate_.open(); }
    RunningProbe(const RunningProbe&) = delete;
    RunningProbe& operator=(const RunningProbe&) = delete;

private:
    Gate gate_;
    std::jthread thread_;
};

}  // namespace embedq::scheduler

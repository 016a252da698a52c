// Asks providers what they are for those who cannot wait for long: a command at its start, whoever puts a catalog. Each
// on a thread of its own, so that one that hangs holds up neither the others nor the caller.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "embedq/error.h"
#include "endpoints/providers.h"
#include "sync/mutex.h"

namespace embedq::engine {

class QueryEmbedder {
public:
    using Answers = std::map<std::string, Result<endpoints::ProbedProviderPtr>>;

    explicit QueryEmbedder(endpoints::ProviderDirectory& providers) : providers_(providers) {}
    // Stops the questions that are still open, and waits for their end.
    ~QueryEmbedder();
    QueryEmbedder(const QueryEmbedder&) = delete;
    QueryEmbedder& operator=(const QueryEmbedder&) = delete;

    // An answer for each name: what is known costs nothing; the rest are asked once, all at a time. After `limit` of
    // real time, or at a stop, those that have not answered are `unavailable`, and their questions are stopped.
    [[nodiscard]] Answers ask(const std::set<std::string>& names, std::chrono::milliseconds limit,
                              std::stop_token stop);

private:
    struct Question {
        std::string name;
        std::jthread thread;
    };
    using QuestionPtr = std::unique_ptr<Question>;

    [[nodiscard]] QuestionPtr begin(const std::string& name);

    endpoints::ProviderDirectory& providers_;
    sync::Mutex mutex_;
    std::condition_variable_any answered_;
    std::map<const Question*, Result<endpoints::ProbedProviderPtr>> come_ EMBEDQ_GUARDED_BY(mutex_);
    std::vector<QuestionPtr> left_ EMBEDQ_GUARDED_BY(mutex_);  // stopped, but perhaps not at their end
};

}  // namespace embedq::engine

#include "engine/query_embedder.h"

#include <algorithm>
#include <utility>

#include "sync/mutex.h"

namespace embedq::engine {

namespace {

std::string in_seconds(std::chrono::milliseconds time) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

QueryEmbedder::~QueryEmbedder() {
    for (const QuestionPtr& question : left_) question->thread.request_stop();
}

QueryEmbedder::QuestionPtr QueryEmbedder::begin(const std::string& name) {
    auto question = std::make_unique<Question>();
    question->name = name;
    question->thread = std::jthread([this, asked = question.get()](const std::stop_token& stop) {
        auto answer = providers_.known_or_probe(asked->name, stop);
        const sync::Lock lock(mutex_);
        come_.emplace(asked, std::move(answer));
        answered_.notify_all();
    });
    return question;
}

QueryEmbedder::Answers QueryEmbedder::ask(const std::set<std::string>& names, std::chrono::milliseconds limit,
                                          std::stop_token stop) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    Answers answers;
    std::vector<QuestionPtr> open;
    for (const std::string& name : names) {
        if (endpoints::ProbedProviderPtr here = providers_.known(name))
            answers.emplace(name, std::move(here));
        else
            open.push_back(begin(name));
    }
    if (open.empty()) return answers;
    // Threads are joined without the lock, when this is destroyed: those of this call, and those of earlier ones that
    // ended meanwhile.
    std::vector<QuestionPtr> ended;
    sync::Lock lock(mutex_);
    for (const QuestionPtr& question : open) {
        answered_.wait_until(lock, stop, deadline,
                             [&]() EMBEDQ_REQUIRES(mutex_) { return come_.contains(question.get()); });
    }
    for (QuestionPtr& question : open) {
        if (const auto answer = come_.find(question.get()); answer != come_.end()) {
            answers.emplace(question->name, answer->second);
        } else {
            const std::string who = "provider '" + question->name + "' ";
            answers.emplace(
                question->name,
                fail(ErrorKind::unavailable, stop.stop_requested()
                                                 ? who + "was not asked to the end what it is: stopped"
                                                 : who + "has not said within " + in_seconds(limit) + " what it is"));
            question->thread.request_stop();
        }
        left_.push_back(std::move(question));
    }
    const auto over = std::ranges::stable_partition(
        left_, [&](const QuestionPtr& question) EMBEDQ_REQUIRES(mutex_) { return !come_.contains(question.get()); });
    std::ranges::move(over, std::back_inserter(ended));
    left_.erase(over.begin(), over.end());
    for (const QuestionPtr& question : ended) come_.erase(question.get());
    lock.unlock();
    return answers;
}

}  // namespace embedq::engine

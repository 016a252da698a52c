#include <algorithm>
#include <utility>

#include "simulated/faults.h"
#include "simulated/text_vector.h"
#include "sync/mutex.h"

namespace embedq::simulated {

const Fault* FaultScript::next(std::chrono::steady_clock::time_point now, std::span<const std::string_view> texts) {
    const sync::Lock lock(mutex_);
    const Call call{++calls_, now, texts};
    for (std::size_t line = 0; line < faults_.size(); ++line) {
        if (!applies(line, call)) continue;
        // A throttled call does not count against the limit that throttled it.
        if (faults_[line].action != Action::throttle) accept(now);
        return &faults_[line];
    }
    accept(now);
    return nullptr;
}

bool FaultScript::applies(std::size_t line, const Call& call) {
    const Fault& fault = faults_[line];
    if (call.number < fault.first_call || call.number > fault.last_call) return false;
    if (fault.rate < 1 && unit_interval(mix(mix(seed_ + line) ^ call.number)) >= fault.rate) return false;
    if (fault.above_inputs > 0 && call.texts.size() <= fault.above_inputs) return false;
    if (fault.above_bytes > 0) {
        std::size_t bytes = 0;
        for (const std::string_view text : call.texts) bytes += text.size();
        if (bytes <= fault.above_bytes) return false;
    }
    if (!fault.text.empty() &&
        std::ranges::none_of(call.texts, [&](std::string_view text) { return text.contains(fault.text); }))
        return false;
    return !fault.above || over_limit(*fault.above, call.now);
}

bool FaultScript::over_limit(const RateLimit& limit, std::chrono::steady_clock::time_point now) const {
    return accepted_.size() >= limit.calls && accepted_[accepted_.size() - limit.calls] > now - limit.window;
}

void FaultScript::accept(std::chrono::steady_clock::time_point now) {
    std::size_t needed = 0;
    for (const Fault& fault : faults_) needed = std::max(needed, fault.above ? fault.above->calls : 0);
    accepted_.push_back(now);
    while (accepted_.size() > needed) accepted_.pop_front();
}

}  // namespace embedq::simulated

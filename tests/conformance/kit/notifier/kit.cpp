#include "kit/notifier/kit.h"

#include <algorithm>

namespace embedq::conformance {

std::string text_of(Wake wake) {
    switch (wake) {
        case Wake::notified: return "notified";
        case Wake::timeout: return "timeout";
        case Wake::stopped: return "stopped";
    }
    return "the value " + std::to_string(static_cast<int>(wake)) + ", which is not one of Wake's";
}

const NotifierPtr& NotifierKit::notifier() {
    if (notifier_ == nullptr) notifier_ = another();
    return notifier_;
}

NotifierPtr NotifierKit::another() const {
    return make_instance<Notifier>(make_, "the notifier");
}

void NotifierKit::publish(const NotifierPtr& notifier) {
    Call<Done> call("publish()", [notifier] {
        notifier->publish();
        return Done{};
    });
    (void)call.result(promptly);
}

Call<Wake> NotifierKit::begin_wait(const NotifierPtr& notifier, Steady::time_point deadline, std::stop_token stop) {
    return {"wait()", [notifier, deadline, stop = std::move(stop)] { return notifier->wait(deadline, stop); }};
}

Wake NotifierKit::wait(const NotifierPtr& notifier, Steady::duration at_most, std::stop_token stop) {
    return begin_wait(notifier, Steady::now() + at_most, std::move(stop))
        .result(std::max(at_most, Steady::duration::zero()) + promptly);
}

std::string unless_it_notifies(NotifierKit& kit) {
    const std::string reason = kit.notifier()->degraded();
    return reason.empty() ? "" : "the notifier reports that it only polls: " + reason;
}

}  // namespace embedq::conformance

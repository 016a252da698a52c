// What a notifier's case works with: instances, and waits that are bounded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conformance/notifier_kit.h"
#include "kit/call.h"
#include "kit/cases.h"

namespace embedq::conformance {

using namespace std::chrono_literals;  // NOLINT: for cases only

using NotifierPtr = std::shared_ptr<Notifier>;

// How long after its deadline, or after a stop request, a wait may take to return, and how long a publish may take.
inline constexpr Steady::duration promptly = 2s;
// How long a notification may be on its way.
inline constexpr Steady::duration arrival = 5s;

[[nodiscard]] std::string text_of(Wake wake);

class NotifierKit {
public:
    explicit NotifierKit(const NotifierFactory& make) : make_(make) {}

    // The case's own, made on first use.
    [[nodiscard]] const NotifierPtr& notifier();
    void drop_notifier() { notifier_.reset(); }
    [[nodiscard]] NotifierPtr another() const;

    // Ends the case when it blocks.
    static void publish(const NotifierPtr& notifier);
    void publish() { publish(notifier()); }

    [[nodiscard]] static Call<Wake> begin_wait(const NotifierPtr& notifier, Steady::time_point deadline,
                                               std::stop_token stop = {});
    // Ends the case when it does not return soon after the deadline.
    [[nodiscard]] static Wake wait(const NotifierPtr& notifier, Steady::duration at_most, std::stop_token stop = {});
    [[nodiscard]] Wake wait(Steady::duration at_most, std::stop_token stop = {}) {
        return wait(notifier(), at_most, std::move(stop));
    }

private:
    const NotifierFactory make_;
    NotifierPtr notifier_;
};

using NotifierCase = KitCase<NotifierKit>;

// Skips what a notifier that only polls does not do; degraded() reports that it does.
[[nodiscard]] std::string unless_it_notifies(NotifierKit& kit);

// Where the cases are, by subject.
[[nodiscard]] std::vector<NotifierCase> wait_cases();
[[nodiscard]] std::vector<NotifierCase> notify_cases();
[[nodiscard]] std::vector<NotifierCase> notifier_instance_cases();

}  // namespace embedq::conformance

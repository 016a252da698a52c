#include "conformance/notifier_kit.h"

#include "kit/notifier/kit.h"

namespace embedq::conformance {

bool register_notifier_kit(const std::string& name, const NotifierFactory& make) {
    for (const auto& cases : {wait_cases, notify_cases, notifier_instance_cases}) {
        register_cases<NotifierKit>(name, cases(), [make] { return std::make_unique<NotifierKit>(make); });
    }
    return true;
}

}  // namespace embedq::conformance

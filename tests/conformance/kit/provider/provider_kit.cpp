#include "conformance/provider_kit.h"

#include "kit/provider/kit.h"

namespace embedq::conformance {

bool register_provider_kit(const std::string& name, const ProviderVariants& variants) {
    for (const auto& cases :
         {info_cases, shape_cases, order_cases, odd_text_cases, refusal_cases, time_cases, instance_cases}) {
        register_cases<ProviderKit>(name, cases(), [variants] { return std::make_unique<ProviderKit>(variants); });
    }
    return true;
}

}  // namespace embedq::conformance

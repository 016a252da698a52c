#include "kit.h"

namespace embedq::conformance {

std::vector<Case> upkeep_cases() {
    return {};
}

}  // namespace embedq::conformance

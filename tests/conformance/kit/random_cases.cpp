#include "kit.h"

namespace embedq::conformance {

std::vector<Case> random_cases() {
    return {};
}

}  // namespace embedq::conformance

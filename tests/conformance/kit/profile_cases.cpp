#include "kit.h"

namespace embedq::conformance {

std::vector<Case> profile_cases() {
    return {};
}

}  // namespace embedq::conformance

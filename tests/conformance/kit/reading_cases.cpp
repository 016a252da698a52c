#include "kit.h"

namespace embedq::conformance {

std::vector<Case> reading_cases() {
    return {};
}

}  // namespace embedq::conformance

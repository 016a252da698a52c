#include "kit.h"

namespace embedq::conformance {

std::vector<Case> thread_cases() {
    return {};
}

}  // namespace embedq::conformance

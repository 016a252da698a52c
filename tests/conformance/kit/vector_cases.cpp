#include "kit.h"

namespace embedq::conformance {

std::vector<Case> vector_cases() {
    return {};
}

}  // namespace embedq::conformance

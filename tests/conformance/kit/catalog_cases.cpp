#include "kit.h"

namespace embedq::conformance {

std::vector<Case> catalog_cases() {
    return {};
}

}  // namespace embedq::conformance

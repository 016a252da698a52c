// Random interleavings of all verbs against the model. The seeds are fixed, so that every run is the same; the
// environment can set another one.
#include <cstdlib>

#include "random_walk.h"

namespace embedq::conformance {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

void walk(Kit& kit, std::uint64_t default_seed) {
    const auto seed = from_environment("EMBEDQ_KIT_SEED", default_seed);
    const auto steps = from_environment("EMBEDQ_KIT_STEPS", 1500);
    testing::Test::RecordProperty("seed", std::to_string(seed));
    RandomWalk random_walk(kit, seed);
    for (std::uint64_t step = 0; step < steps; ++step) {
        const testing::ScopedTrace trace(__FILE__, __LINE__,
                                         "EMBEDQ_KIT_SEED=" + std::to_string(seed) + ", step " + std::to_string(step));
        random_walk.step();
        if (step % 25 == 0) random_walk.check_everything();
        // Later differences follow from the first.
        if (testing::Test::HasFailure()) return;
    }
    random_walk.check_everything();
    random_walk.drain();
}

void first_seed(Kit& kit) {
    walk(kit, 20'260'517);
}
void second_seed(Kit& kit) {
    walk(kit, 7);
}

}  // namespace

std::vector<Case> random_cases() {
    return {
        {"random_interleavings", "first_seed", first_seed},
        {"random_interleavings", "second_seed", second_seed},
    };
}

}  // namespace embedq::conformance

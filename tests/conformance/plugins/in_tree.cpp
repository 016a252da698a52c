// The providers and notifiers of the tree under the kits, each as the host loads it.
#include "conformance/ending.h"
#include "conformance/notifier_kit.h"
#include "conformance/provider_kit.h"
#include "gtest/gtest.h"
#include "loaded_plugin.h"

int main(int argc, char** argv) {
    using namespace embedq::conformance;
    testing::InitGoogleTest(&argc, argv);
    const std::string folder = std::string(EMBEDQ_BINARY_DIR) + "/lib/embedq/plugins/libembedq_";

    const LoadedKitPlugin simulated(folder + "provider_simulated.so");
    register_provider_kit("simulated", {.make = simulated.provider({{"dimension", "32"}}),
                                        .slow = simulated.provider({{"latency", "1h"}}),
                                        .refusing = simulated.provider({{"dimension", "32"}, {"faults", "poison text=refuse this"}})});
    register_provider_kit("simulated_per_text",
                          {.make = simulated.provider({{"dimension", "32"}, {"max_inputs", "7"}, {"concurrency", "1"}}),
                           .refusing = simulated.provider({{"dimension", "32"}, {"faults", "poison per_text text=refuse this"}})});
    register_provider_kit("lexical", {.make = LoadedKitPlugin(folder + "provider_lexical.so").provider()});
    register_notifier_kit("local", LoadedKitPlugin(folder + "notifier_local.so").notifier());
    const LoadedKitPlugin poll(folder + "notifier_poll.so");
    register_notifier_kit("poll", poll.notifier());
    register_notifier_kit("poll_often", poll.notifier({{"interval", "10ms"}}));
    end_program(RUN_ALL_TESTS());
}

// The store kit on the store with one planted fault: faulty_store FAULT [gtest's switches]. Exits with 1 if a case
// failed, and with 2 on bad usage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "conformance/store_kit.h"
#include "faults.h"

namespace {

using namespace embedq;

class FaultyUnderTest final : public conformance::StoreUnderTest {
public:
    explicit FaultyUnderTest(const conformance::Fault& fault) : store_(fault.make(context_)) {}
    Result<std::shared_ptr<Store>> open() override { return store_; }
    conformance::TestContext& context() override { return context_; }

private:
    conformance::TestContext context_{"faulty"};
    std::shared_ptr<Store> store_;
};

int usage() {
    std::fputs("usage: faulty_store FAULT [gtest's switches]\nfaults:\n", stderr);
    for (const auto& fault : conformance::store_faults()) {
        std::fprintf(stderr, "  %-32s %s\n", std::string(fault.name).c_str(), std::string(fault.mistake).c_str());
    }
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (argc != 2) return usage();
    const auto faults = conformance::store_faults();
    const auto fault = std::ranges::find(faults, std::string_view(argv[1]), &conformance::Fault::name);
    if (fault == faults.end()) return usage();
    conformance::register_store_kit("faulty", [fault] { return std::make_unique<FaultyUnderTest>(*fault); });
    return RUN_ALL_TESTS();
}

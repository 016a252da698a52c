// The memory store under the conformance kit.
#include "memory/store.h"

#include "conformance/store_kit.h"

namespace {

using namespace embedq;

class MemoryUnderTest final : public conformance::StoreUnderTest {
public:
    Result<std::shared_ptr<Store>> open() override { return store_; }
    conformance::TestContext& context() override { return context_; }

private:
    conformance::TestContext context_{"memory"};
    std::shared_ptr<Store> store_ = memory::make_store(context_);
};

const bool kRegistered = conformance::register_store_kit("memory", [] { return std::make_unique<MemoryUnderTest>(); });

}  // namespace

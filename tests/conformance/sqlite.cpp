// The SQLite store under the conformance kit: each case in a file of its own.
#include <cstdlib>
#include <filesystem>

#include "conformance/store_kit.h"
#include "store.h"

namespace {

using namespace embedq;

class SqliteUnderTest final : public conformance::StoreUnderTest {
public:
    SqliteUnderTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "embedq-kit-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~SqliteUnderTest() override {
        std::error_code error;
        std::filesystem::remove_all(folder_, error);
    }

    Result<std::shared_ptr<Store>> open() override {
        // The kit proves what the store means, not what the disk keeps.
        const Options options({{"path", (folder_ / "kit.db").string()}, {"synchronous", std::string("normal")}});
        auto store = sqlite::make_store(options, context_);
        if (!store) return std::unexpected(store.error());
        return std::shared_ptr<Store>(std::move(*store));
    }
    conformance::TestContext& context() override { return context_; }

private:
    conformance::TestContext context_{"sqlite"};
    std::filesystem::path folder_;
};

const bool kRegistered = conformance::register_store_kit("sqlite", [] { return std::make_unique<SqliteUnderTest>(); });

}  // namespace

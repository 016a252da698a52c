// A store as a YAML names it: the configuration read, the plugin loaded, the schema migrated.
//
// Each opening of a YAML that says ${EMBEDQ_BENCH_FOLDER} gets a new folder, which goes when the store does.
// Thread-safety: open on the main thread; the store is as its contract says.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/store.h"

namespace embedq::bench {

class OpenedStore {
public:
    // The message of an error has all faults, a line each.
    [[nodiscard]] static Result<std::unique_ptr<OpenedStore>> open(const std::string& yaml);
    ~OpenedStore();
    OpenedStore(const OpenedStore&) = delete;
    OpenedStore& operator=(const OpenedStore&) = delete;

    [[nodiscard]] Store& store() noexcept { return *store_; }
    [[nodiscard]] const std::string& plugin() const noexcept { return plugin_; }

private:
    OpenedStore() = default;

    std::filesystem::path folder_;
    std::unique_ptr<Context> context_;
    std::unique_ptr<Store> store_;
    std::string plugin_;
};

}  // namespace embedq::bench

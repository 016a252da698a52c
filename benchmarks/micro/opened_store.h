// Opens the store that a YAML names: reads the configuration, loads the plugin, and migrates the schema.
//
// Each time, ${EMBEDQ_BENCH_FOLDER} in the YAML is a new folder, which is removed with the store.
// Thread-safety: open on the main thread; for the store its contract holds.
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
    // The message of an error has all problems of the configuration, one per line.
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

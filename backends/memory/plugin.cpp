#include "embedq/plugin.h"

#include <array>

#include "memory/store.h"

namespace {

embedq::Result<std::unique_ptr<embedq::Store>> make(const embedq::Options&, embedq::Context& context) {
    return embedq::memory::make_store(context);
}

constexpr std::array<embedq::OptionSpec, 0> option_table{};

}  // namespace

EMBEDQ_STORE("memory", "1.0.0",
             "Keeps everything in this process's memory; for tests, trials and as the reference for other stores.",
             option_table, make);

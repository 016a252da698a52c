// Records `fetch.refresh` with the specs from URLs that have no interval of their own (cli/refresh_interval.h).
//
// Thread-safety: an object belongs to one thread at a time.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "embedq/catalog.h"
#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/error.h"

namespace embedq::cli {

class IntervalForAll {
public:
    // 0: none. Engine and context must outlive this.
    IntervalForAll(Engine& engine, std::chrono::milliseconds refresh, Context& context);

    // The first time for all of these specs, so that another setting than the last one holds from the start; later,
    // once a minute, for new ones. Asks no server. An error is the store's.
    [[nodiscard]] Status apply(const std::stop_token& stop);

private:
    [[nodiscard]] bool needs_it(const SpecInfo& spec) const;
    // False if the spec was changed or deleted meanwhile, or has it by another process.
    [[nodiscard]] Result<bool> record(const SpecInfo& spec);

    Engine& engine_;
    const std::chrono::milliseconds recorded_;
    Context& context_;
    bool first_ = true;
    std::optional<Clock::Steady> next_;
};

}  // namespace embedq::cli

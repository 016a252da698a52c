// A service runs beside the scheduler and uses the engine: the admin API with its portal is one.
#pragma once

#include "embedq/error.h"

namespace embedq {

class Service {
public:
    virtual ~Service() = default;

    // Starts what it needs and returns; an error ends the process with a clear message. Called once, from the main
    // thread.
    [[nodiscard]] virtual Status start() = 0;

    // Stops taking work, ends what is running within a few seconds, and returns. Safe to call from any thread, after a
    // failed start, while `start` runs, and more than once.
    virtual void stop() noexcept = 0;
};

}  // namespace embedq

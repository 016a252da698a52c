// A notifier that nobody hears.
#pragma once

#include <chrono>
#include <stop_token>

#include "embedq/notifier.h"

namespace embedq::cli::testing {

class SilentNotifier final : public Notifier {
public:
    void publish() override {}
    Wake wait(std::chrono::steady_clock::time_point, std::stop_token) override { return Wake::timeout; }
};

}  // namespace embedq::cli::testing

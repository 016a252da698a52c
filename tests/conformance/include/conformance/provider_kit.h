// The conformance kit for providers: shape, order, errors per text, deadline, stop, threads, two instances, nothing
// left behind.
//
// The factories make instances as the host does, with a context that has a real clock. What an instance uses (above all
// its context) must live until the program ends, since an instance whose call never returns is never destroyed. The kit
// keeps to the limits in info(). A provider whose endpoint cannot be reached fails with its own message. Thread-safety:
// register from one thread, before RUN_ALL_TESTS.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "embedq/error.h"
#include "embedq/provider.h"

namespace embedq::conformance {

// A new instance with each call.
using ProviderFactory = std::function<Result<std::unique_ptr<Provider>>()>;

// What a refusing variant refuses: every text that contains it.
inline constexpr std::string_view refused_text = "refuse this";

struct ProviderVariants {
    ProviderFactory make;
    // The same provider, but it answers far later than any deadline; without it the cases on late answers are skipped.
    ProviderFactory slow = {};
    // The same provider, but it refuses every text that contains refused_text; without it the cases on refusals are
    // skipped.
    ProviderFactory refusing = {};
};

// Registers every case as a test `<name>/<invariant>.<case>`.
bool register_provider_kit(const std::string& name, const ProviderVariants& variants);

}  // namespace embedq::conformance

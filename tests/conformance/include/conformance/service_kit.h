// The conformance kit for services: start, stop, stop while starting, two instances, nothing left behind.
//
// The factory makes a service on the caller's engine. Engine and context live until the program ends, since a service
// whose stop never returns is never destroyed; the context has a real clock. Thread-safety: register from one thread,
// before RUN_ALL_TESTS.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "embedq/error.h"
#include "embedq/service.h"

namespace embedq::conformance {

// A new instance of one configuration with each call.
using ServiceFactory = std::function<Result<std::unique_ptr<Service>>()>;

// Registers every case as a test `<name>/<invariant>.<case>`.
bool register_service_kit(const std::string& name, const ServiceFactory& make);

}  // namespace embedq::conformance

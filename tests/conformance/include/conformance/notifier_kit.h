// The conformance kit for notifiers: waits that end, wake-ups, no lost notification, several threads, nothing left
// behind.
//
// Required of every notifier: a wait ends at its deadline and on a stop request, publishing never blocks, waiting does
// not spin. Required of those that notify, which are all whose degraded() is empty: a publish wakes a waiter of the
// same instance, and one that came before the wait ends it immediately. A hint may stay within its instance: the kit
// tries whether two instances of one configuration wake each other, and skips the cases on it if they do not. The
// factory's context has a real clock and lives until the program ends. Thread-safety: register from one thread, before
// RUN_ALL_TESTS.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "embedq/error.h"
#include "embedq/notifier.h"

namespace embedq::conformance {

// A new instance of one configuration with each call.
using NotifierFactory = std::function<Result<std::unique_ptr<Notifier>>()>;

// Registers every case as a test `<name>/<invariant>.<case>`.
bool register_notifier_kit(const std::string& name, const NotifierFactory& make);

}  // namespace embedq::conformance

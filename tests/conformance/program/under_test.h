// Registers the kit's cases for what a configuration or the command line names: each case gets instances of its own,
// made through the loader.
//
// Thread-safety: none; main thread.
#pragma once

#include <string>
#include <vector>

#include "subjects.h"

namespace embedq::conformance {

// How this program starts itself as a process of a case.
struct SelfCommand {
    std::vector<std::string> arguments;
};

// `subjects` must outlive the run.
void register_subject(Subjects& subjects, const Subject& subject, const SelfCommand& self);

// In a process that a case started: opens the case's store and follows the kit's commands. Returns the exit status.
[[nodiscard]] int run_child(Subjects& subjects);

}  // namespace embedq::conformance

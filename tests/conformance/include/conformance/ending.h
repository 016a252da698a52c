// How a program that runs the kits ends when a call under test never returned.
//
// Such a call fails its case within a bound, and its thread keeps running, with the instance it was made on. Neither
// may run while static objects are destroyed, so the program then ends without destroying them. Thread-safety: may be
// called from any thread.
#pragma once

namespace embedq::conformance {

// True once a call under test, or the destruction of an instance, was given up.
[[nodiscard]] bool calls_are_hanging() noexcept;

// Ends the program: by std::exit, or, when calls are hanging, by std::_Exit after what was printed is flushed.
[[noreturn]] void end_program(int status);

}  // namespace embedq::conformance

// What the kit tells: a table of the cases by invariant, what was skipped and why, and every failure whole.
//
// Thread-safety: call before the tests run, on the main thread.
#pragma once

namespace embedq::conformance {

// Adds the table to what is printed at the end of the run; once, however often it is called. Test suites are named
// `<subject>/<invariant>`; what is named otherwise is left out.
void report_by_invariant();

// Leaves the table alone to be printed: gtest's own lines, one a case, go.
void report_nothing_else();

}  // namespace embedq::conformance

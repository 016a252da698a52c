// The kit's report: a table of the cases by invariant, what was skipped and why, and every failure in full.
//
// Thread-safety: call before the tests run, on the main thread.
#pragma once

namespace embedq::conformance {

// Adds the table to the end of the output, once, however often it is called. Test suites are named
// `<subject>/<invariant>`; others are left out.
void report_by_invariant();

// Prints only the table, without gtest's own lines for each case.
void report_nothing_else();

}  // namespace embedq::conformance

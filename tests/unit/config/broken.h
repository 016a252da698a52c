// A broken document and the diagnostics that it gets.
#pragma once

#include <ostream>

#include "fakes.h"

namespace embedq::config::testing {

struct Case {
    const char* name;
    const char* yaml;
    const char* diagnostics;
};

inline void PrintTo(const Case& c, std::ostream* out) {
    *out << c.name;
}

class Broken : public ::testing::TestWithParam<Case> {};

}  // namespace embedq::config::testing

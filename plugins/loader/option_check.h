// Whether a plugin's option table is sound: names, types, bounds, and defaults that satisfy their own row.
//
// Thread-safety: pure function.
#pragma once

#include <span>

#include "embedq/error.h"
#include "embedq/options.h"

namespace embedq::plugins {

// `misconfigured` names the row and what is wrong with it. Defaults are judged by their form; the reading of YAML
// proper is the configuration's.
[[nodiscard]] Status check_option_table(std::span<const OptionSpec> table);

}  // namespace embedq::plugins

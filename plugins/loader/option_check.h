// Whether a plugin's option table is valid: names, types, bounds, and defaults that satisfy their own row.
//
// Thread-safety: pure function.
#pragma once

#include <span>

#include "embedq/error.h"
#include "embedq/options.h"

namespace embedq::plugins {

// `misconfigured` names the row and what is wrong with it. Defaults are checked by their form only; the configuration
// reads the YAML itself.
[[nodiscard]] Status check_option_table(std::span<const OptionSpec> table);

}  // namespace embedq::plugins

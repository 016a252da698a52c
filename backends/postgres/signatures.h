// The functions of the schema by their types, and their texts for a schema of another name.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace embedq::postgres {

// The SQL files call the schema `embedq`: replaces that by the quoted name of the actual one.
[[nodiscard]] std::string in_schema(std::string_view sql, std::string_view quoted_schema);

// The types of a function's parameters as its CREATE FUNCTION in sql/ has them; empty for one that is not there. With
// them a call means this function, and none of the same name that somebody else created beside it.
[[nodiscard]] const std::vector<std::string>& parameter_types(std::string_view function);

}  // namespace embedq::postgres

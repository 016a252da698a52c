// What shows that a document in braces is YAML: JSON is also YAML, but not the other way round.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace embedq::catalog {

enum class SignOfYaml : std::uint8_t {
    strong,  // a comment, a key without quotes, a single quote: the writer meant YAML
    weak,    // a value without quotes, a comma before a bracket, a text over two lines: it may be a slip in JSON
};

// The first token of the text that JSON does not have; nothing if all are JSON's.
[[nodiscard]] std::optional<SignOfYaml> find_sign_of_yaml(std::string_view text);

}  // namespace embedq::catalog

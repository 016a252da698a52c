// The default name of a spec.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace embedq::catalog {

// A valid spec name for a file or URL path: lower case, the extension .json, .yaml or .yml dropped, folders joined by
// "." and every other run of characters turned into "-". The same path always gives the same name. A name that would be
// too long is shortened, and a name that would be empty is generated, both with a part of the path's SHA-256. Two paths
// can have the same name ("a b.json", "a-b.yaml"): a caller that puts many files must check that and call
// `with_path_suffix`.
[[nodiscard]] std::string spec_name_from_path(std::string_view relative_path);

// `name` made unique by a part of the path's SHA-256; still a valid spec name.
[[nodiscard]] std::string with_path_suffix(std::string_view name, std::string_view relative_path);

}  // namespace embedq::catalog

// Request fields besides texts and model that may change the vectors. They become part of the model's digest, so that
// vectors of different settings are never compared.
//
// Thread-safety: functions without state.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace embedq::http {

// `digest`, a space and `part`; only `digest` where the part is empty.
[[nodiscard]] std::string with_part(std::string digest, std::string_view part);

// Whether a request field is or contains something that looks like a credential by its name: api_key, token, password
// and similar.
[[nodiscard]] bool holds_credential(std::string_view name, std::string_view value);

// "NAME=JSON" for a request field. Empty for one that is known not to change vectors, like `user` and `num_thread`, and
// for one that holds a credential, since a digest is shown.
[[nodiscard]] std::string vector_part(std::string_view name, std::string_view json);

// A map of texts as JSON that may be published, without the entries that hold a credential. Reading it gives the same
// texts.
[[nodiscard]] std::string published(const std::map<std::string, std::string>& texts);

}  // namespace embedq::http

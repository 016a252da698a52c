// What a provider sends besides texts and model, and how it changes the vectors: told with the model's digest, so that
// vectors of two settings are never compared.
//
// Thread-safety: functions without state.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace embedq::http {

// `digest` with `part` behind a space; the same where the part is empty.
[[nodiscard]] std::string with_part(std::string digest, std::string_view part);

// Whether a field of a request is or contains what looks like a credential, by its name: api_key, token, password and
// the like.
[[nodiscard]] bool holds_credential(std::string_view name, std::string_view value);

// "NAME=JSON" for a field of a request; empty for one that is known to say nothing of vectors, like `user` and
// `num_thread`, and for one that holds a credential, since a digest is shown.
[[nodiscard]] std::string vector_part(std::string_view name, std::string_view json);

// A map of texts as it may be published, without what holds a credential: read again, each text is as it was written.
[[nodiscard]] std::string published(const std::map<std::string, std::string>& texts);

}  // namespace embedq::http

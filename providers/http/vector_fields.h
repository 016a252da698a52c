// What a provider sends besides texts and model, and how it changes the vectors: told with the model's digest, so that vectors of two
// settings are never compared.
//
// Thread-safety: functions without state.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace embedq::http {

// `digest` with `part` behind a space; the same where the part is empty.
[[nodiscard]] std::string with_part(std::string digest, std::string_view part);

// "NAME=JSON" for a field of a request; empty for one that is known to say nothing of vectors, like `user` and `num_thread`.
[[nodiscard]] std::string vector_part(std::string_view name, std::string_view json);

// A map of texts as it may be published: read again, each text is as it was written.
[[nodiscard]] std::string published(const std::map<std::string, std::string>& texts);

}  // namespace embedq::http

// Which values of options that are marked as secret are secrets: a proxy's address without a password is none, and
// neither is a header that says who asks. Pure functions.
#pragma once

#include <string_view>

namespace embedq::config {

// Whether a text is plainly no secret, whatever the option: "none", or an address without a password, whose user, path
// and query do not look like a token either. libpq's form of an address, "host=db.example user=embedq", is one as well.
[[nodiscard]] bool is_plain_address(std::string_view text);

// Whether an entry of a mapping, such as a header, looks like a credential, by its key (Authorization, X-Api-Key) or,
// where that says nothing, by its value.
[[nodiscard]] bool looks_like_credential(std::string_view key, std::string_view text);

}  // namespace embedq::config

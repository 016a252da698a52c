#include "catalog/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

// "3.0.1", "3.1.0-rc2"
bool is_version(std::string_view text) {
    constexpr std::string_view allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-";
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

// What a document that is not an OpenAPI document seems to be, and what to do about it.
struct Guess {
    std::string found;
    std::string hint = {};
};

Guess guess(const RawDocument& raw) {
    const auto has = [&raw](std::string_view key) {
        return std::ranges::find(raw.root_keys, key) != raw.root_keys.end();
    };
    if (raw.root_keys.empty()) return {"an empty object"};
    if (has("swaggerVersion")) return {"a Swagger 1.x document", "convert it to OpenAPI 3"};
    if (has("asyncapi")) return {"an AsyncAPI document"};
    if (has("arazzo")) return {"an Arazzo document"};
    if (has("overlay")) return {"an OpenAPI Overlay"};
    if (has("info") && has("item")) return {"a Postman collection", "export it as OpenAPI"};
    if (has("$schema")) return {"a JSON Schema"};
    return {fmt::format("an object with the keys {}{}", fmt::join(raw.root_keys, ", "),
                        raw.root_keys.size() == max_root_keys ? ", …" : "")};
}

}  // namespace

Result<std::string> dialect_of(const RawDocument& raw) {
    const auto refuse = [](std::string message, std::string hint = {}) {
        return fail(ErrorKind::invalid_argument, std::move(message), std::move(hint));
    };
    const auto shown = [](const std::string& version) { return excerpt(version, 0); };
    if (raw.openapi) {
        const std::string& version = *raw.openapi;
        for (const std::string_view known : {"3.0", "3.1", "3.2"}) {
            const bool is_patch = version.starts_with(known) && version[known.size()] == '.';
            if (version == known || (is_patch && is_version(version))) {
                return fmt::format("OpenAPI {}", shown(version));
            }
        }
        return refuse(fmt::format(
            "OpenAPI \"{}\" is not supported: expected \"openapi\": 3.0.x, 3.1.x or 3.2.x, or \"swagger\": 2.0",
            shown(version)));
    }
    if (raw.swagger) {
        if (*raw.swagger == "2.0" || *raw.swagger == "2") return std::string("Swagger 2.0");
        return refuse(fmt::format(
            "Swagger \"{}\" is not supported: expected \"swagger\": 2.0, or \"openapi\": 3.0.x, 3.1.x or 3.2.x",
            shown(*raw.swagger)));
    }
    Guess guessed = guess(raw);
    return refuse(
        fmt::format("the document is not an OpenAPI document: expected a text \"openapi\" or \"swagger\" with its "
                    "version, found {}",
                    guessed.found),
        std::move(guessed.hint));
}

}  // namespace embedq::catalog

#include "openai/discovery.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>

namespace embedq::openai {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string text_at(const element& object, const char* key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::size_t count_at(const element& object, const char* key) {
    std::uint64_t number = 0;
    return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

std::string named(const char* name, std::size_t value) {
    return value == 0 ? "" : std::string(" ") + name + "=" + std::to_string(value);
}

Identity identity_of(const element& model) {
    Identity identity;
    identity.model = text_at(model, "id");
    identity.limits.max_text_tokens = count_at(model, "max_model_len");
    identity.digest = text_at(model, "root");
    element meta;
    if (model["meta"].get(meta) == simdjson::SUCCESS && meta.is_object()) {
        identity.dimension = count_at(meta, "n_embd");
        identity.digest = identity.model + named("n_params", count_at(meta, "n_params")) + named("size", count_at(meta, "size"));
    }
    return identity;
}

}  // namespace

Identity read_tei_info(std::string_view body) {
    simdjson::dom::parser parser;
    element info;
    Identity identity;
    if (parser.parse(body.data(), body.size()).get(info) != simdjson::SUCCESS || !info.is_object()) return identity;
    identity.model = text_at(info, "model_id");
    identity.digest = text_at(info, "model_sha");
    identity.limits.max_inputs = count_at(info, "max_client_batch_size");
    // A text must fit into one batch of the model, too.
    const std::size_t longest = count_at(info, "max_input_length");
    const std::size_t batch = count_at(info, "max_batch_tokens");
    identity.limits.max_text_tokens = longest > 0 && batch > 0 ? std::min(longest, batch) : std::max(longest, batch);
    if (info["auto_truncate"].get(identity.truncates) != simdjson::SUCCESS) identity.truncates = false;
    return identity;
}

Result<Identity> read_models(std::string_view body, std::string_view model) {
    simdjson::dom::parser parser;
    element document;
    array models;
    if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS || !document.is_object() ||
        document["data"].get(models) != simdjson::SUCCESS) {
        return Identity{};
    }
    std::string others;
    bool minds_names = false;
    for (const element candidate : models) {
        if (!candidate.is_object()) continue;
        const std::string id = text_at(candidate, "id");
        // llama.cpp serves one model, whatever it is called.
        if (id == model || (models.size() == 1 && !candidate["meta"].error())) return identity_of(candidate);
        minds_names = minds_names || !candidate["root"].error();
        others += (others.empty() ? "" : ", ") + id;
    }
    if (!minds_names) return Identity{};
    return fail(ErrorKind::misconfigured, "has no model '" + std::string(model) + "', but " + others.substr(0, 300) +
                                              "; check the option model, or the server's --served-model-name");
}

}  // namespace embedq::openai

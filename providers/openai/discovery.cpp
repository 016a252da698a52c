#include "openai/discovery.h"

#include <algorithm>

#include "http/json_reader.h"

namespace embedq::openai {
namespace {

std::string named(const char* name, std::size_t value) {
    return value == 0 ? "" : std::string(" ") + name + "=" + std::to_string(value);
}

Identity identity_of(const http::Json& model) {
    Identity identity;
    identity.model = model["id"].text();
    identity.limits.max_text_tokens = model["max_model_len"].count();
    identity.digest = model["root"].text();
    if (const auto meta = model["meta"]; meta.is_object()) {
        identity.dimension = meta["n_embd"].count();
        identity.digest =
            identity.model + named("n_params", meta["n_params"].count()) + named("size", meta["size"].count());
    }
    return identity;
}

}  // namespace

Identity read_tei_info(std::string_view body) {
    const auto info = http::Json::parse(body);
    Identity identity;
    identity.model = info["model_id"].text();
    identity.digest = info["model_sha"].text();
    identity.limits.max_inputs = info["max_client_batch_size"].count();
    // A text must also fit into one batch of the model.
    const std::size_t input = info["max_input_length"].count();
    const std::size_t batch = info["max_batch_tokens"].count();
    identity.limits.max_text_tokens = input > 0 && batch > 0 ? std::min(input, batch) : std::max(input, batch);
    identity.truncates = info["auto_truncate"].is_true();
    return identity;
}

Result<Identity> read_models(std::string_view body, std::string_view model) {
    const auto models = http::Json::parse(body)["data"].items();
    std::string others;
    bool checks_names = false;
    for (const auto& candidate : models) {
        if (!candidate.is_object()) continue;
        const std::string id = candidate["id"].text();
        // llama.cpp serves one model, whatever it is called.
        if (id == model || (models.size() == 1 && candidate["meta"].exists())) return identity_of(candidate);
        checks_names = checks_names || candidate["root"].exists();
        others += (others.empty() ? "" : ", ") + id;
    }
    if (!checks_names) return Identity{};
    return fail(ErrorKind::misconfigured,
                "does not have the model '" + std::string(model) + "', but " + others.substr(0, 300),
                "check the option model, or the server's --served-model-name");
}

}  // namespace embedq::openai

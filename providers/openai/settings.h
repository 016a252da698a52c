// The options of one instance, with the preset of its dialect filled in.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/settings.h"
#include "openai/dialects.h"

namespace embedq::openai {

// `model` may be empty where the server reports it (tei).
struct OpenAiSettings : http::HttpSettings {
    Dialect dialect = {};  // the preset's row
    std::string path;      // including the query
    std::string model_digest;
    bool send_model = true;
    std::string user;
    std::string dimensions_field;
    bool truncate_dimensions = false;
    Encoding encoding = Encoding::floats;
    std::string encoding_field;
    std::string input_type_field;
    std::string document_input_type;
    std::string query_input_type;
    std::string truncate;                                         // as JSON; empty: left out
    std::vector<std::pair<std::string, std::string>> extra_body;  // name and JSON

    // The model without the "models/" that Google's lists put before each name.
    [[nodiscard]] std::string model_name() const {
        constexpr std::string_view list = "models/";
        return model.starts_with(list) ? model.substr(list.size()) : model;
    }
    [[nodiscard]] const std::string& input_type(TextKind kind) const {
        return kind == TextKind::query ? query_input_type : document_input_type;
    }
    // Whether the server is asked for vectors of the dimension `dimensions`.
    [[nodiscard]] bool asks_dimensions() const {
        return dimensions > 0 && !truncate_dimensions && !dimensions_field.empty();
    }
};

// `misconfigured` as http::read_settings, and where options contradict each other or the dialect lacks one.
[[nodiscard]] Result<OpenAiSettings> read_settings(const Options& options);

}  // namespace embedq::openai

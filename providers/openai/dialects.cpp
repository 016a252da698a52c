#include "openai/dialects.h"

#include <algorithm>
#include <array>

namespace embedq::openai {
namespace {

// The sources of the limits are the vendors' references and error messages (docs/providers.md).
constexpr std::array dialect_table = {
    Dialect{.name = "openai",
            .base_url = "https://api.openai.com/v1",
            .encoding = Encoding::base64,
            .concurrency = 8,
            .max_inputs = 2048,
            .max_text_tokens = 8191,
            .max_request_tokens = 300'000},
    // The classic form, where the path names the deployment. The newer form ("…/openai/v1") needs `send_model: true,
    // query: {}`.
    Dialect{.name = "azure",
            .auth_header = "api-key",
            .auth_scheme = "",
            .api_version = "2024-10-21",
            .send_model = false,
            .encoding = Encoding::base64,
            .concurrency = 8,
            .max_inputs = 2048,
            .max_text_tokens = 8191,
            .max_request_tokens = 300'000},
    Dialect{.name = "vllm",
            .base_url = "http://localhost:8000/v1",
            .encoding = Encoding::base64,
            .concurrency = 8,
            .truncate_field = "truncate_prompt_tokens",
            .truncate_on = "-1",
            .truncate_off = "",
            .discovery = Discovery::models},
    // --max-client-batch-size is 32 by default; a body over 2 MB is refused. The server's --auto-truncate decides
    // whether texts are cut.
    Dialect{.name = "tei",
            .base_url = "http://localhost:8080/v1",
            .encoding = Encoding::base64,
            .concurrency = 8,
            .max_inputs = 32,
            .max_request_bytes = 1'500'000,
            .discovery = Discovery::tei_info},
    Dialect{.name = "llama_cpp",
            .base_url = "http://localhost:8080/v1",
            .dimensions_field = "",
            .encoding = Encoding::base64,
            .concurrency = 2,
            .discovery = Discovery::models},
    Dialect{.name = "mistral",
            .base_url = "https://api.mistral.ai/v1",
            .dimensions_field = "output_dimension",
            .encoding = Encoding::base64,
            .max_inputs = 256,
            .max_text_tokens = 8192,
            .max_request_tokens = 16'384},
    // max_request_tokens is the lowest of all models; 320000 suits voyage-3.5, and 1000000 the lite models.
    Dialect{.name = "voyage",
            .base_url = "https://api.voyageai.com/v1",
            .dimensions_field = "output_dimension",
            .encoding = Encoding::base64,
            .float_value = "",
            .max_inputs = 1000,
            .max_text_tokens = 32'000,
            .max_request_tokens = 120'000,
            .input_type_field = "input_type",
            .document_input_type = "document",
            .query_input_type = "query",
            .truncate_field = "truncation"},
    Dialect{.name = "jina",
            .base_url = "https://api.jina.ai/v1",
            .encoding = Encoding::base64,
            .encoding_field = "embedding_type",
            .max_inputs = 512,
            .max_text_tokens = 8192,
            .input_type_field = "task",
            .document_input_type = "retrieval.passage",
            .query_input_type = "retrieval.query",
            .truncate_field = "truncate"},
    Dialect{.name = "cohere",
            .base_url = "https://api.cohere.ai/compatibility/v1",
            .dimensions_field = "",
            .encoding = Encoding::base64,
            .max_inputs = 96},
    Dialect{.name = "together",
            .base_url = "https://api.together.xyz/v1",
            .dimensions_field = "",
            .encoding = Encoding::omit,
            .max_inputs = 100},
    Dialect{.name = "dashscope",
            .base_url = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            .encoding = Encoding::floats,
            .max_inputs = 10,
            .max_text_tokens = 8192},
    // Gemini's own protocol. Its path for OpenAI's, /v1beta/openai, knows no task types.
    Dialect{.name = "gemini",
            .base_url = "https://generativelanguage.googleapis.com/v1beta",
            .path = "/models/{model}:batchEmbedContents",
            .body = Body::gemini,
            .auth_header = "x-goog-api-key",
            .auth_scheme = "",
            .dimensions_field = "outputDimensionality",
            .encoding = Encoding::omit,
            .encoding_field = "",
            .max_inputs = 100,
            .max_text_tokens = 2048,
            .max_request_tokens = 20'000,
            .input_type_field = "taskType",
            .document_input_type = "RETRIEVAL_DOCUMENT",
            .query_input_type = "RETRIEVAL_QUERY"},
    // The proxy does not know what its upstream supports.
    Dialect{.name = "litellm", .base_url = "http://localhost:4000/v1", .encoding = Encoding::floats},
    Dialect{.name = "generic", .encoding = Encoding::omit},
};

}  // namespace

std::span<const Dialect> dialects() {
    return dialect_table;
}

const Dialect* find_dialect(std::string_view name) {
    const auto found = std::ranges::find(dialect_table, name, &Dialect::name);
    return found == dialect_table.end() ? nullptr : &*found;
}

}  // namespace embedq::openai

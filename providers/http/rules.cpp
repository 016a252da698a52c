#include "http/rules.h"

#include <array>
#include <charconv>
#include <regex>
#include <vector>

namespace embedq::http {
namespace {

struct Rule {
    Meaning meaning;
    const char* pattern;  // a case-insensitive regular expression; the last group that matched is the limit
};

// Matched from the top against the line "message | code | type | param". Each comment names the servers that send it.
constexpr std::array rule_table = {
    // OpenAI, DashScope.
    Rule{Meaning::quota_spent, "insufficient_quota|billing[_ ]hard[_ ]limit|credit balance|arrearage"},
    // LiteLLM.
    Rule{Meaning::quota_spent, "budget has been exceeded|budget_exceeded"},
    // Jina, Together, Voyage; SiliconFlow; ModelScope: the type insufficient_balance_error.
    Rule{Meaning::quota_spent,
         "insufficient[_ ](account[_ ])?balance|balance is insufficient|payment (is )?required|payment method on file"},
    // OpenAI, where a gateway leaves out its code. Google says the same of a minute's quota, with a wait.
    Rule{Meaning::quota_spent, "exceeded your current quota(?!.*(resource_exhausted|retry in|ai\\.google\\.dev))"},
    // Moonshot; OpenAI: billing_not_active.
    Rule{Meaning::quota_spent, "exceeded_current_quota|billing_not_active|account is not active.*billing"},
    // OpenRouter; Hugging Face; NVIDIA.
    Rule{Meaning::quota_spent,
         "insufficient[_ ]credits?|requires more credits|exceeded your monthly (included )?credits|credits? (have "
         ")?expired"},
    // xAI; Together.
    Rule{Meaning::quota_spent, "used all available credits|monthly spending limit|credit limit exceeded"},
    // Cohere, a month's trial; watsonx.
    Rule{Meaning::quota_spent, "limited to [\\d,]+ api calls / month|token_quota_reached"},
    // Baidu: 19, the whole of a free quota.
    Rule{Meaning::quota_spent, "open api total request limit reached"},
    // DashScope, with 403, and with 400 through a gateway that leaves out its code.
    Rule{Meaning::quota_spent, "allocationquota\\.freetieronly|the free tier of the model has been exhausted"},
    // Zhipu: 1113, with 429: "the account is in arrears", "insufficient balance or no resource package".
    Rule{Meaning::quota_spent, "账户已欠费|余额不足或无可用资源包"},
    Rule{Meaning::key_refused,
         "invalid_api_key|api_key_invalid|api key not valid|(incorrect|invalid) api key|invalid_authentication"},
    // Expired: Gemini, with 400.
    Rule{Meaning::key_refused, "no api key|api key (is )?(missing|required|expired)"},
    // Baidu: 110, with status 200; MiniMax: 1004, with status 200.
    Rule{Meaning::key_refused, "access token invalid or no longer valid|login fail: please carry the api secret key"},
    // Azure's tokens, which live an hour.
    Rule{Meaning::key_refused, "access token (has )?expired|token is expired"},
    // Gemini, OpenAI.
    Rule{Meaning::region_refused, "user location is not supported|unsupported_country_region_territory"},
    // OpenAI, Azure, Ollama.
    Rule{Meaning::model_missing, "model_not_found|deploymentnotfound|try pulling it first"},
    Rule{Meaning::model_missing,
         // Ollama, vLLM.
         "model ['\"`].*['\"`] (was )?not found|the model ['\"`].*['\"`] does not exist|^model not found"},
    // Gemini.
    Rule{Meaning::model_missing, "models/\\S+ is not found"},
    Rule{Meaning::model_missing,
         "no such model|unknown model|invalid model|unable to access model|model .* is not (found|available)"},
    // LM Studio, with 400.
    Rule{Meaning::model_missing, "^no models loaded"},
    Rule{Meaning::model_stopped, "^(the )?model (has crashed|(was|is) unloaded)|^failed to load model"},
    Rule{Meaning::no_embedding_model,
         "does not support (the )?embeddings?|not an embeddings? model|embeddings (is|are) not supported"},
    // llama.cpp, for a model that says nothing of pooling.
    Rule{Meaning::not_pooled, "pooling type 'none' is not oai compatible"},
    // NVIDIA.
    Rule{Meaning::option_missing, "'input_type' parameter is required"},
    // Dimensions, or a form of the vector, that the model does not support.
    Rule{
        Meaning::option_refused,
        "matryoshka|(specifying|changing|output) dimensions|dimensions? .*(not support|unsupported|must be|should be)"},
    Rule{Meaning::option_refused,
         "(invalid|unsupported|does not support).*(dimensions?|encoding_format|base64|input_type|output_dtype)\\b"},
    Rule{Meaning::option_refused,
         "base64.*not (currently )?supported|\\| *(dimensions|encoding_format|model|user|output_dimension)$"},
    // A field that the server does not know: FastAPI, OpenAI, JSON Schema.
    Rule{Meaning::option_refused,
         "extra (inputs|fields) (are )?not permitted|unrecognized (request )?argument|unknown (field|parameter)"},
    Rule{Meaning::option_refused, "additional properties are not allowed|unexpected keyword argument"},

    // OpenAI.
    Rule{Meaning::too_many_tokens, "max(?:imum)? ([\\d,]+) tokens per request|max_tokens_per_request"},
    // Voyage.
    Rule{Meaning::too_many_tokens, "max allowed tokens per submitted batch is ([\\d,]+)|too_many_tokens_in_batch"},
    // Mistral.
    Rule{Meaning::too_many_tokens, "too many tokens (?:in batch|overall)(?:.*max is ([\\d,]+))?"},
    // OpenAI, tokens per minute.
    Rule{Meaning::too_many_tokens, "request too large for .*limit:? ([\\d,]+)"},
    // GitHub Models, with 413.
    Rule{Meaning::too_many_tokens, "request body too large for .*max size: ([\\d,]+) tokens|tokens_limit_reached"},
    // Vertex.
    Rule{Meaning::too_many_tokens, "input token count is [\\d,]+ but the model supports up to ([\\d,]+)"},
    Rule{Meaning::too_many_tokens,
         "max(?:imum)? (?:number of )?(?:total )?tokens (?:in|per|for) (?:a|the|each)? "
         "?(?:request|batch)\\D{0,12}([\\d,]+)"},

    // OpenAI.
    Rule{Meaning::too_many_texts, "array with maximum length ([\\d,]+)|array_above_max_length"},
    // TEI.
    Rule{Meaning::too_many_texts, "maximum allowed batch size ([\\d,]+)"},
    // DashScope.
    Rule{Meaning::too_many_texts, "batch size is invalid, it should not be larger than ([\\d,]+)"},
    // Cohere.
    Rule{Meaning::too_many_texts, "number of texts must be at most ([\\d,]+)"},
    // Jina: the length of the list.
    Rule{Meaning::too_many_texts, "input length is larger than the largest allowed size ([\\d,]+)"},
    // Vertex.
    Rule{Meaning::too_many_texts, "([\\d,]+) instance\\(s\\) (?:is|are) allowed"},
    // Gemini, pydantic.
    Rule{Meaning::too_many_texts, "at most ([\\d,]+) (?:requests|inputs|texts|items|documents|elements|strings)"},
    // Voyage.
    Rule{Meaning::too_many_texts, "batch size (?:limit|exceeds|cannot|must|should|of \\d+ exceeds)\\D{0,60}([\\d,]+)"},
    Rule{Meaning::too_many_texts, "max(?:imum)?(?: allowed)? (?:client )?batch size\\D{0,12}([\\d,]+)"},
    Rule{Meaning::too_many_texts, "max(?:imum)?(?: number of)? (?:inputs|texts|items|documents)\\D{0,24}([\\d,]+)"},
    Rule{Meaning::too_many_texts,
         "(?:max(?:imum)?|up to|limit)(?: of| is)? ([\\d,]+) (?:inputs|texts|items|documents|elements|strings)"},
    // Mistral.
    Rule{Meaning::too_many_texts,
         "too many (?:inputs|texts|documents|items)(?:\\D{0,20}max(?:imum)?\\D{0,12}([\\d,]+))?"},

    // TEI, nginx; Gemini, with 400.
    Rule{Meaning::too_many_bytes,
         "(payload|request entity|entity|request body|body) (is )?too large|length limit exceeded|"
         "payload size exceeds the limit"},

    Rule{Meaning::text_too_long,
         "maximum context length (?:is|of) ([\\d,]+)|context_length_exceeded|contextwindowexceeded"},  // OpenAI, vLLM
    Rule{Meaning::text_too_long, "context window of ([\\d,]+)"},                                       // Voyage
    Rule{Meaning::text_too_long, "must have less than ([\\d,]+) tokens"},                              // TEI
    Rule{Meaning::text_too_long,
         "exceeding max(?:imum)? ([\\d,]+) tokens|(?:cannot|can not|must not|should not) exceed ([\\d,]+) tokens"},
    Rule{Meaning::text_too_long, "range of input length should be \\[\\d+, ?([\\d,]+)\\]"},    // DashScope
    Rule{Meaning::text_too_long, "too large to process(?:.*current batch size: ([\\d,]+))?"},  // llama.cpp
    Rule{Meaning::text_too_long,
         "exceeds? the (?:available |maximum )?context (?:length|size)|larger than the max context size"},  // Ollama
    Rule{Meaning::text_too_long, "exceed_context_size"},                                                    // llama.cpp
    Rule{Meaning::text_too_long, "exceeds maximum allowed token size ([\\d,]+)"},                           // NVIDIA
    Rule{Meaning::text_too_long, "longer than the maximum model length of ([\\d,]+)"},                      // vLLM
    Rule{Meaning::text_too_long, "longer than the model's context length \\(([\\d,]+) tokens"},             // SGLang
    // PyTorch, whose words FastChat, Xinference and others show, with 400 or 500: more tokens than the model has
    // positions. With any other number it may be a fault of the server, and a limit is kept to.
    Rule{Meaning::text_too_long,
         "size of (?:the )?tensor (?:a )?\\(\\d+\\) must match the (?:existing size|size of tensor b) "
         "\\((77|512|514|1024|2048|4096|8192|8194)\\) at non-singleton dimension 1"},
    Rule{Meaning::text_too_long, "too many input tokens\\. max input tokens: ([\\d,]+)"},        // Bedrock
    Rule{Meaning::text_too_long, "expected maxlength: [\\d,]+, actual"},                         // Titan
    Rule{Meaning::text_too_long, "tokens_too_long|characters_too_long|prompt tokens too long"},  // Baidu
    Rule{Meaning::text_too_long, "max(?:imum)?\\D{0,40}?([\\d,]+) tokens|(?:input|text|prompt) (?:is|was) too long"},

    Rule{Meaning::text_without_vector, "nan or inf|unsupported value: (nan|[+-]?inf)"},  // Ollama

    Rule{Meaning::overloaded, "overloaded|server busy|rate_limit_exceeded|too many (concurrent )?requests"},
    // AWS, with 400; Cloudflare; MiniMax and Baidu, with status 200. A name, or the beginning of a message, since the
    // documents that are embedded are about rate limits, too, and some servers repeat a text that they refuse.
    Rule{Meaning::overloaded, "\\| *[\\w.#:/]*(throttl|rate_?limit|toomanyrequests|request_?limit_?exceeded)"},
    Rule{Meaning::overloaded,
         "^(rate limit|requests? rate limit|throttled|request was throttled|too many tokens, please wait|"
         "capacity temporarily exceeded|open api (qps|daily)? ?request limit reached)"},
    // Azure API Management, with 403: a quota of calls or bytes that begins again by itself.
    Rule{Meaning::overloaded, "^out of (call volume|bandwidth) quota"},
};

// Longer lines are cut: matching is recursive, and the important part comes first.
constexpr std::size_t max_line_bytes = 600;
constexpr std::size_t max_field_bytes = 100;

const std::vector<std::regex>& compiled() {
    static const std::vector<std::regex> expressions = [] {
        std::vector<std::regex> all;
        for (const Rule& rule : rule_table) all.emplace_back(rule.pattern, std::regex::icase | std::regex::optimize);
        return all;
    }();
    return expressions;
}

std::size_t number_in(std::string_view digits) {
    std::string plain;
    for (const char c : digits) {
        if (c != ',') plain += c;
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
    return error == std::errc{} ? number : 0;
}

std::size_t last_group(const std::cmatch& match) {
    for (std::size_t i = match.size(); i > 1; --i) {
        if (match[i - 1].matched) return number_in({match[i - 1].first, match[i - 1].second});
    }
    return 0;
}

std::string line_of(const ErrorBody& body) {
    std::string line = body.message.substr(0, max_line_bytes);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    for (const std::string* part : {&body.code, &body.type, &body.param})
        line += " | " + part->substr(0, max_field_bytes);
    return line;
}

}  // namespace

bool mentions_text_length(const ErrorBody& body) {
    static const std::regex words(
        "context (length|window|size)|too long|too large to process|too many tokens|must have less than|"
        "max(imum)? input length|exceeds the model|maximum sequence length",
        std::regex::icase | std::regex::optimize);
    return std::regex_search(line_of(body), words);
}

bool mentions_time_over(const ErrorBody& body) {
    // LiteLLM, AWS's gateway, Envoy, nginx, Kong, gRPC.
    static const std::regex words(
        "request timed out|apitimeouterror|endpoint request timed out|upstream request timeout|upstream timed out|"
        "gateway time-?out|upstream server is timing out|deadline[_ ]exceeded",
        std::regex::icase | std::regex::optimize);
    return std::regex_search(line_of(body), words);
}

std::optional<Finding> find_meaning(const ErrorBody& body) {
    const std::string line = line_of(body);
    for (std::size_t i = 0; i < rule_table.size(); ++i) {
        std::cmatch match;
        if (!std::regex_search(line.data(), line.data() + line.size(), match, compiled()[i])) continue;
        Finding finding{rule_table[i].meaning, last_group(match)};
        if (finding.meaning == Meaning::text_too_long && body.context > 0) finding.limit = body.context;
        return finding;
    }
    return std::nullopt;
}

ErrorKind kind_of(Meaning meaning) {
    switch (meaning) {
        case Meaning::quota_spent:
        case Meaning::key_refused:
        case Meaning::region_refused:
        case Meaning::model_missing:
        case Meaning::no_embedding_model:
        case Meaning::not_pooled:
        case Meaning::option_missing:
        case Meaning::option_refused: return ErrorKind::misconfigured;
        case Meaning::too_many_tokens:
        case Meaning::too_many_texts:
        case Meaning::too_many_bytes: return ErrorKind::too_large;
        case Meaning::text_too_long:
        case Meaning::text_without_vector: return ErrorKind::invalid_input;
        case Meaning::overloaded: return ErrorKind::throttled;
        case Meaning::model_stopped: return ErrorKind::unavailable;
    }
    return ErrorKind::internal;
}

}  // namespace embedq::http

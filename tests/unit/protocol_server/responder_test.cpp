#include "protocol_server/responder.h"

#include <gmock/gmock.h>

#include <string>

namespace protocol_server {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr std::int64_t second = 1'000'000;

class Playing {
public:
    explicit Playing(const std::string& script) {
        responder.change("models: { m: { dimension: 4, context: 512 }, gone: { present: false } }");
        responder.change(script);
    }

    Reply post(const std::string& to, const std::string& body, std::int64_t now = 0) {
        return responder.answer({.method = "POST", .path = to, .body = body}, now);
    }
    Reply get(const std::string& from) { return responder.answer({.method = "GET", .path = from}, 0); }
    Reply embed(const std::string& input, const std::string& more = "", std::int64_t now = 0) {
        return post(path, R"({"model":"m",)" + more + R"("input":)" + input + "}", now);
    }

    Responder responder;
    std::string path = "/v1/embeddings";
};

Playing ollama(const std::string& script = "") {
    Playing playing("dialect: ollama\n" + script);
    playing.path = "/api/embed";
    return playing;
}

std::string inputs(std::size_t count) {
    std::string list = "[";
    for (std::size_t i = 0; i < count; ++i) list += (i > 0 ? ",\"text " : "\"text ") + std::to_string(i) + "\"";
    return list + "]";
}

// --- Ollama

TEST(Ollama, EmbedsListsAndSingleTextsAndLoadsForNothing) {
    Playing server = ollama();
    EXPECT_THAT(server.embed(R"(["a","b"])").body, AllOf(HasSubstr(R"({"model":"m","embeddings":[[)"), HasSubstr("],["),
                                                         HasSubstr("\"prompt_eval_count\":2")));
    EXPECT_THAT(server.embed(R"("a")").body, HasSubstr("\"embeddings\":[["));
    for (const char* nothing : {"\"\"", "[]", "null"}) {
        EXPECT_THAT(server.embed(nothing).body,
                    AllOf(HasSubstr("\"embeddings\":[]"), Not(HasSubstr("prompt_eval_count"))))
            << nothing;
    }
    EXPECT_THAT(server.embed(R"([""])").body, HasSubstr("\"embeddings\":[["));
    EXPECT_EQ(server.embed("[1]").body, R"({"error":"invalid input type"})");
    EXPECT_EQ(server.post("/api/embed", "").status, 400);
}

TEST(Ollama, RefusesWithItsMessages) {
    Playing server = ollama();
    const Reply missing = server.post("/api/embed", R"({"model":"gone","input":"a"})");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.body, R"({"error":"model \"gone\" not found, try pulling it first"})");
    const std::string text = "\"" + std::string(4UL * 513, 'x') + "\"";
    EXPECT_EQ(server.embed(text, R"("truncate":false,)").body,
              R"({"error":"the input length exceeds the context length"})");
    EXPECT_EQ(server.embed(text).status, 200);
    // The cut text is the same as a text of exactly the context's length.
    EXPECT_EQ(server.embed(text, R"("truncate":true,)").body.substr(0, 60),
              server.embed("\"" + std::string(4UL * 512, 'x') + "\"").body.substr(0, 60));
}

TEST(Ollama, ListsItsModels) {
    Playing server = ollama();
    EXPECT_THAT(server.get("/api/tags").body,
                AllOf(HasSubstr(R"("name":"m:latest")"), HasSubstr(R"("digest":"sha256:1")"), Not(HasSubstr("gone"))));
    EXPECT_THAT(server.post("/api/show", R"({"model":"m:latest"})").body,
                AllOf(HasSubstr(R"("bert.context_length":512)"), HasSubstr(R"("bert.embedding_length":4)"),
                      HasSubstr(R"(["embedding"])")));
    EXPECT_EQ(server.post("/api/show", R"({"model":"gone"})").body, R"({"error":"model 'gone' not found"})");
    EXPECT_THAT(server.get("/api/version").body, HasSubstr("version"));
    EXPECT_EQ(server.get("/api/nothing").body, "404 page not found");
}

TEST(Ollama, APullAddsAModel) {
    Playing server = ollama("models: { never: { present: false, pullable: false } }");
    EXPECT_THAT(server.post("/api/pull", R"({"model":"gone"})").body,
                AllOf(HasSubstr("\"completed\":550000"), HasSubstr("{\"status\":\"success\"}\n")));
    EXPECT_EQ(server.post("/api/embed", R"({"model":"gone","input":"a"})").status, 200);
    EXPECT_THAT(server.post("/api/pull", R"({"model":"never"})").body,
                AllOf(HasSubstr("\"error\""), Not(HasSubstr("success"))));
}

TEST(Ollama, AnOldServerHasOneRouteThatDoesNotNormalise) {
    Playing server = ollama("legacy: true");
    EXPECT_EQ(server.embed("\"a\"").status, 404);
    EXPECT_EQ(server.embed("\"a\"").body, "404 page not found");
    const Reply reply = server.post("/api/embeddings", R"({"model":"m","prompt":"a"})");
    EXPECT_THAT(reply.body, HasSubstr("{\"embedding\":["));
    EXPECT_EQ(server.post("/api/embeddings", R"({"model":"m","prompt":""})").body, R"({"embedding":[]})");
}

// --- OpenAI's protocol

TEST(OpenAi, AnswersInFloatsAndBase64) {
    Playing server("dialect: openai");
    EXPECT_THAT(server.embed(R"(["a","b"])").body,
                AllOf(HasSubstr(R"({"object":"list","data":[{"object":"embedding","embedding":[)"),
                      HasSubstr("\"index\":1"), HasSubstr(R"("usage":{"prompt_tokens":2,"total_tokens":2})")));
    EXPECT_THAT(server.embed(R"("a")", R"("encoding_format":"base64",)").body, HasSubstr("\"embedding\":\""));
    server.responder.change("base64: ignored");
    EXPECT_THAT(server.embed(R"("a")", R"("encoding_format":"base64",)").body, HasSubstr("\"embedding\":["));
    server.responder.change("base64: rejected");
    EXPECT_EQ(server.embed(R"("a")", R"("encoding_format":"base64",)").status, 400);
    server.responder.change("usage: false\nindex: false");
    EXPECT_THAT(server.embed(R"("a")").body, AllOf(Not(HasSubstr("usage")), Not(HasSubstr("index"))));
}

struct LimitCase {
    const char* dialect;
    std::size_t max_inputs;
    int status;
    const char* message;
};

class DialectLimits : public testing::TestWithParam<LimitCase> {};

TEST_P(DialectLimits, AreEnforcedWithItsMessages) {
    const LimitCase& one = GetParam();
    Playing server(std::string("dialect: ") + one.dialect);
    if (server.responder.script().dialect == Dialect::azure) server.path = "/openai/deployments/m/embeddings";
    EXPECT_EQ(server.embed(inputs(one.max_inputs)).status, 200);
    const Reply reply = server.embed(inputs(one.max_inputs + 1));
    EXPECT_EQ(reply.status, one.status);
    EXPECT_THAT(reply.body, HasSubstr(one.message));
}

INSTANTIATE_TEST_SUITE_P(
    All, DialectLimits,
    testing::Values(
        LimitCase{"openai", 2048, 400, "maximum length 2048, but got an array with length 2049"},
        LimitCase{"azure", 2048, 400, "\"code\":\"array_above_max_length\""},
        LimitCase{"tei", 32, 422,
                  R"({"message":"batch size 33 > maximum allowed batch size 32","code":422,"type":"validation"})"},
        LimitCase{"mistral", 256, 400,
                  R"({"object":"error","message":"Too many inputs in request, split into more batches.")"},
        LimitCase{"voyage", 1000, 400, R"({"detail":"The batch size limit is 1000.)"},
        LimitCase{"jina", 2048, 400, R"({"detail":)"}, LimitCase{"cohere", 96, 400, "max is 96"},
        LimitCase{"dashscope", 10, 400, "batch size is invalid, it should not be larger than 10"},
        LimitCase{"litellm", 1024, 422, "\"code\":\"422\""},
        LimitCase{"gemini", 100, 400, "100 instance(s) is allowed"}),
    [](const auto& one) { return std::string(one.param.dialect); });

TEST(Dialects, LongTextsAreRefusedWithTheirMessages) {
    const std::string text = "\"" + std::string(4UL * 513, 'x') + "\"";
    EXPECT_THAT(Playing("dialect: openai").embed(text).body,
                HasSubstr("maximum context length is 512 tokens, however you requested 513"));
    const Reply llama = Playing("dialect: llama_cpp").embed(text);
    EXPECT_EQ(llama.status, 500);
    EXPECT_THAT(llama.body, AllOf(HasSubstr("input (513 tokens) is too large to process"), HasSubstr("\"code\":500")));
    EXPECT_EQ(Playing("dialect: tei").embed(text).status, 413);
    EXPECT_THAT(Playing("dialect: vllm_old").embed(text).body, HasSubstr(R"({"object":"error","message":)"));
    EXPECT_THAT(Playing("dialect: openai\nmax_request_tokens: 4").embed(R"(["some text","more text"])").body,
                HasSubstr("max 4 tokens per request"));
}

TEST(Dialects, HaveTheirOwnPathsAndDiscovery) {
    Playing azure("dialect: azure");
    EXPECT_EQ(azure.embed("\"a\"").status, 404);
    EXPECT_EQ(azure.post("/openai/deployments/m/embeddings", R"({"input":"a"})").status, 200);
    EXPECT_EQ(azure.post("/openai/deployments/other/embeddings", R"({"input":"a"})").status, 404);
    Playing tei("dialect: tei");
    EXPECT_THAT(tei.get("/info").body,
                AllOf(HasSubstr("\"max_client_batch_size\":32"), HasSubstr("\"max_input_length\":512")));
    EXPECT_THAT(tei.post("/embed", R"({"inputs":["a"]})").body, HasSubstr("[["));
    EXPECT_THAT(Playing("dialect: vllm").get("/v1/models").body, HasSubstr("\"max_model_len\":512"));
}

TEST(Gemini, SpeaksItsOwnProtocol) {
    Playing server("dialect: gemini\nauthorization: right");
    const auto post = [&](const std::string& model, const std::string& key) {
        return server.responder.answer(
            {.method = "POST",
             .path = "/v1beta/models/" + model + ":batchEmbedContents",
             .api_key = key,
             .body = R"({"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"outputDimensionality":2},)"
                     R"({"model":"models/m","content":{"parts":[{"text":"b"}]},"outputDimensionality":2}]})"},
            0);
    };
    EXPECT_THAT(post("m", "right").body,
                AllOf(HasSubstr(R"({"embeddings":[{"values":[)"), HasSubstr(R"(]},{"values":[)"),
                      HasSubstr(R"(]}],"usageMetadata":{"promptTokenCount":2}})")));
    const Reply refused = post("m", "wrong");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr(R"("message":"API key not valid. Please pass a valid API key.","status":)"));
    EXPECT_EQ(post("other", "right").status, 404);
    EXPECT_THAT(post("other", "right").body, HasSubstr("models/other is not found"));
}

TEST(OpenAi, RequiresTheKey) {
    Playing server("authorization: right");
    EXPECT_EQ(server.embed("\"a\"").status, 401);
    EXPECT_FALSE(server.responder.tally().authorization_seen);
    EXPECT_EQ(server.responder
                  .answer({.method = "POST",
                           .path = server.path,
                           .authorization = "Bearer right",
                           .body = R"({"model":"m","input":"a"})"},
                          0)
                  .status,
              200);
    EXPECT_TRUE(server.responder.tally().authorization_seen);
}

// --- rates

TEST(Rates, AWindowSlidesAndStatesTheWait) {
    Playing server("rate: { requests: 2, per: 1s }\nrate_headers: go");
    EXPECT_THAT(server.embed("\"a\"", "", 0).headers, Contains(Pair("x-ratelimit-remaining-requests", "1")));
    EXPECT_EQ(server.embed("\"a\"", "", second / 2).status, 200);
    const Reply refused = server.embed("\"a\"", "", second - 1);
    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(refused.body, HasSubstr("\"code\":\"rate_limit_exceeded\""));
    EXPECT_THAT(refused.headers, Contains(Pair("Retry-After", "1")));
    EXPECT_EQ(server.embed("\"a\"", "", second).status, 200);
    EXPECT_EQ(server.embed("\"a\"", "", second + 1).status, 429);
}

TEST(Rates, TheWaitIsStatedInEachFormat) {
    const auto refused = [](const std::string& format) {
        Playing server("rate: { requests: 1, per: 60s, retry_after: 1500ms, format: " + format + " }");
        (void)server.embed("\"a\"");
        return server.embed("\"a\"");
    };
    EXPECT_THAT(refused("seconds").headers, Contains(Pair("Retry-After", "2")));
    EXPECT_THAT(refused("decimal").headers, Contains(Pair("Retry-After", "1.500")));
    EXPECT_THAT(refused("milliseconds").headers, Contains(Pair("retry-after-ms", "1500")));
    EXPECT_THAT(refused("date").headers, Contains(Pair("Retry-After", HasSubstr(" GMT"))));
    EXPECT_THAT(refused("text").body, HasSubstr("Please try again in 1.500s"));
    EXPECT_TRUE(refused("none").headers.empty());
}

// --- faults

TEST(Faults, HappenWhenTheirConditionsHold) {
    Playing server(
        "faults: [ { do: error, status: 503, calls: 2..3 }, { do: poison, text: bad }, { do: quota, above_inputs: 2, "
        "times: 1 } ]");
    EXPECT_EQ(server.embed("\"a\"").status, 200);
    EXPECT_EQ(server.embed("\"a\"").status, 503);
    EXPECT_EQ(server.embed("\"a\"").status, 503);
    EXPECT_EQ(server.embed(R"(["good","a bad one"])").status, 400);
    EXPECT_THAT(server.embed(inputs(3)).body, HasSubstr("insufficient_quota"));
    EXPECT_EQ(server.embed(inputs(3)).status, 200);
    EXPECT_EQ(server.responder.tally().calls[3].fault, "poison");
    server.responder.change("faults: [ { do: html, calls: 1 } ]");
    EXPECT_THAT(server.embed("\"a\"").body, HasSubstr("<html>"));
    EXPECT_EQ(server.embed("\"a\"").status, 200);
}

TEST(Faults, SpoilTheAnswer) {
    const auto body = [](const std::string& fault) {
        return Playing("faults: [ { do: " + fault + " } ]").embed(inputs(3)).body;
    };
    EXPECT_THAT(body("nan"), HasSubstr(",NaN,"));
    EXPECT_THAT(body("infinity"), HasSubstr(",1e999,"));
    EXPECT_THAT(body("'null'"), HasSubstr(",null,"));
    EXPECT_THAT(body("zero"), HasSubstr("[0,0,0,0]"));
    EXPECT_THAT(body("empty_vector"), HasSubstr("[]"));
    EXPECT_THAT(body("wrong_dimension, position: 0"), HasSubstr(",0.25]"));
    EXPECT_THAT(body("missing_index, position: 2"), AllOf(HasSubstr("\"index\":1"), Not(HasSubstr("\"index\":2"))));
    EXPECT_THAT(body("duplicate_index, position: 2"), AllOf(HasSubstr("\"index\":1"), Not(HasSubstr("\"index\":2"))));
    EXPECT_THAT(body("beyond_index, position: 0"), HasSubstr("\"index\":3"));
    EXPECT_THAT(body("short_count"), AllOf(HasSubstr("\"index\":1"), Not(HasSubstr("\"index\":2"))));
    EXPECT_THAT(body("long_count"), HasSubstr("\"index\":3"));
    EXPECT_THAT(body("no_vectors"), HasSubstr("\"data\":[]"));
    const std::string reversed = body("out_of_order");
    EXPECT_LT(reversed.find("\"index\":2"), reversed.find("\"index\":0"));
}

TEST(Faults, CanBeLimitedToAModelAndExceptAText) {
    Playing server("models: { other: {} }\nfaults: [ { do: error, model: other, unless: probe } ]");
    EXPECT_EQ(server.embed("\"a\"").status, 200);
    EXPECT_EQ(server.post(server.path, R"({"model":"other","input":"probe"})").status, 200);
    EXPECT_EQ(server.post(server.path, R"({"model":"other","input":"a"})").status, 500);
}

TEST(Faults, OfDiscoveryNameTheirRoute) {
    Playing server = ollama("faults: [ { do: error, route: /api/tags, times: 1 } ]");
    EXPECT_EQ(server.embed("\"a\"").status, 200);
    EXPECT_EQ(server.get("/api/tags").status, 500);
    EXPECT_EQ(server.get("/api/tags").status, 200);
}

TEST(Faults, RefusingAppliesToAllUntilItIsTurnedOff) {
    Playing server("dialect: llama_cpp\nrefusing: { status: 503, message: Loading model }");
    EXPECT_EQ(server.embed("\"a\"").body,
              R"({"error":{"message":"Loading model","type":"unavailable_error","param":null,"code":503}})");
    server.responder.change("refusing: false");
    EXPECT_EQ(server.embed("\"a\"").status, 200);
}

}  // namespace
}  // namespace protocol_server

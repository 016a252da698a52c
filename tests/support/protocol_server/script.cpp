#include "script.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>
#include <functional>
#include <stdexcept>
#include <utility>

namespace protocol_server {
namespace {

template <class T>
using Names = std::vector<std::pair<std::string_view, T>>;

const Names<Dialect>& dialects() {
    static const Names<Dialect> names = {
        {"ollama", Dialect::ollama},       {"openai", Dialect::openai},       {"azure", Dialect::azure},
        {"vllm", Dialect::vllm},           {"vllm_old", Dialect::vllm_old},   {"tei", Dialect::tei},
        {"mistral", Dialect::mistral},     {"llama_cpp", Dialect::llama_cpp}, {"voyage", Dialect::voyage},
        {"jina", Dialect::jina},           {"cohere", Dialect::cohere},       {"together", Dialect::together},
        {"dashscope", Dialect::dashscope}, {"litellm", Dialect::litellm},     {"gemini", Dialect::gemini},
        {"generic", Dialect::generic},
    };
    return names;
}

const Names<FaultAction>& actions() {
    using enum FaultAction;
    static const Names<FaultAction> names = {
        {"error", error},
        {"poison", poison},
        {"quota", quota},
        {"nan", nan},
        {"infinity", infinity},
        {"null", null_value},
        {"zero", zero},
        {"empty_vector", empty_vector},
        {"wrong_dimension", wrong_dimension},
        {"out_of_order", out_of_order},
        {"missing_index", missing_index},
        {"duplicate_index", duplicate_index},
        {"beyond_index", beyond_index},
        {"short_count", short_count},
        {"long_count", long_count},
        {"no_vectors", no_vectors},
        {"html", html},
        {"wrong_type", wrong_type},
        {"not_json", not_json},
        {"cut", cut},
        {"drip", drip},
        {"hang", hang},
        {"stall", stall},
        {"chunked", chunked},
        {"gzip", gzip},
        {"http_1_0", http_1_0},
        {"huge", huge},
        {"reset", reset},
        {"close", close},
        {"stale", stale},
        {"slow", slow},
    };
    return names;
}

[[noreturn]] void wrong(const YAML::Node& node, const std::string& message) {
    throw std::runtime_error("script, line " + std::to_string(node.Mark().line + 1) + ": " + message);
}

template <class T>
T value(const YAML::Node& node, const char* expected) {
    try {
        return node.as<T>();
    } catch (const YAML::Exception&) {
        wrong(node, std::string("expected ") + expected + (node.IsScalar() ? ", found '" + node.Scalar() + "'" : ""));
    }
}

std::string text(const YAML::Node& node) {
    return value<std::string>(node, "a text");
}
std::size_t count(const YAML::Node& node) {
    return value<std::size_t>(node, "a number that is not negative");
}
bool truth(const YAML::Node& node) {
    return value<bool>(node, "true or false");
}

template <class T>
T one_of(const YAML::Node& node, const Names<T>& names) {
    const std::string found = text(node);
    std::string all;
    for (const auto& [name, one] : names) {
        if (name == found) return one;
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    wrong(node, "found '" + found + "', expected one of " + all);
}

Microseconds duration(const YAML::Node& node) {
    const std::string written = text(node);
    double number = 0;
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
    const std::string_view unit(end, written.data() + written.size());
    constexpr std::array<std::pair<std::string_view, double>, 5> units = {
        {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}}};
    if (error == std::errc{} && number >= 0) {
        for (const auto& [name, factor] : units) {
            if (name == unit) return Microseconds(static_cast<std::int64_t>(number * factor));
        }
    }
    wrong(node, "found '" + written + "', expected a duration such as 20ms, 250us, 1.5s or 2m");
}

// Passes each value to the reader of its key.
using Readers = std::map<std::string_view, std::function<void(const YAML::Node&)>>;
void read(const YAML::Node& map, const char* what, const Readers& readers) {
    if (!map.IsMap()) wrong(map, std::string("expected a mapping for ") + what);
    for (const auto& entry : map) {
        const std::string key = text(entry.first);
        const auto found = readers.find(key);
        if (found == readers.end()) {
            std::string all;
            for (const auto& [name, reader] : readers) all += (all.empty() ? "" : ", ") + std::string(name);
            wrong(entry.first, std::string(what) + " has no key '" + key + "', expected one of " + all);
        }
        found->second(entry.second);
    }
}

void read_calls(const YAML::Node& node, Fault& fault) {
    const std::string written = text(node);
    const std::size_t dots = written.find("..");
    const auto number = [&](const std::string& digits) {
        std::uint64_t n = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
        if (error != std::errc{} || end != digits.data() + digits.size())
            wrong(node, "found '" + written + "', expected 3, 3..5 or 3..");
        return n;
    };
    fault.first_call = number(written.substr(0, dots));
    if (dots == std::string::npos) {
        fault.last_call = fault.first_call;
    } else if (dots + 2 < written.size()) {
        fault.last_call = number(written.substr(dots + 2));
    }
}

Fault read_fault(const YAML::Node& node) {
    Fault fault;
    read(node, "a fault",
         {
             {"do",
              [&](const YAML::Node& n) {
                  fault.action = one_of(n, actions());
                  fault.name = n.Scalar();
              }},
             {"calls", [&](const YAML::Node& n) { read_calls(n, fault); }},
             {"text", [&](const YAML::Node& n) { fault.text = text(n); }},
             {"unless", [&](const YAML::Node& n) { fault.unless = text(n); }},
             {"model", [&](const YAML::Node& n) { fault.model = text(n); }},
             {"above_inputs", [&](const YAML::Node& n) { fault.above_inputs = count(n); }},
             {"rate", [&](const YAML::Node& n) { fault.rate = value<double>(n, "a share"); }},
             {"times", [&](const YAML::Node& n) { fault.times = count(n); }},
             {"route", [&](const YAML::Node& n) { fault.route = text(n); }},
             {"status", [&](const YAML::Node& n) { fault.status = static_cast<int>(count(n)); }},
             {"message", [&](const YAML::Node& n) { fault.message = text(n); }},
             {"type", [&](const YAML::Node& n) { fault.type = text(n); }},
             {"code", [&](const YAML::Node& n) { fault.code = text(n); }},
             {"body", [&](const YAML::Node& n) { fault.body = text(n); }},
             {"content_type", [&](const YAML::Node& n) { fault.content_type = text(n); }},
             {"headers",
              [&](const YAML::Node& n) {
                  fault.headers = value<std::map<std::string, std::string>>(n, "a mapping of texts");
              }},
             {"position", [&](const YAML::Node& n) { fault.position = value<std::int64_t>(n, "a number"); }},
             {"dimension", [&](const YAML::Node& n) { fault.dimension = count(n); }},
             {"bytes", [&](const YAML::Node& n) { fault.bytes = count(n); }},
             {"at", [&](const YAML::Node& n) { fault.at = value<double>(n, "a share"); }},
             {"every", [&](const YAML::Node& n) { fault.every = duration(n); }},
         });
    if (fault.name.empty()) wrong(node, "a fault needs `do`");
    return fault;
}

void read_model(const YAML::Node& node, Model& model) {
    read(node, "a model",
         {
             {"dimension", [&](const YAML::Node& n) { model.dimension = count(n); }},
             {"digest", [&](const YAML::Node& n) { model.digest = text(n); }},
             {"context", [&](const YAML::Node& n) { model.context = count(n); }},
             {"present", [&](const YAML::Node& n) { model.present = truth(n); }},
             {"pullable", [&](const YAML::Node& n) { model.pullable = truth(n); }},
             {"embeds", [&](const YAML::Node& n) { model.embeds = truth(n); }},
             {"matryoshka", [&](const YAML::Node& n) { model.matryoshka = truth(n); }},
             {"reports_digest", [&](const YAML::Node& n) { model.reports_digest = truth(n); }},
             {"architecture", [&](const YAML::Node& n) { model.architecture = text(n); }},
         });
    if (model.dimension == 0) wrong(node, "a model's dimension is at least 1");
}

Rate read_rate(const YAML::Node& node) {
    Rate rate;
    read(node, "rate",
         {
             {"requests", [&](const YAML::Node& n) { rate.requests = count(n); }},
             {"tokens", [&](const YAML::Node& n) { rate.tokens = count(n); }},
             {"per", [&](const YAML::Node& n) { rate.per = duration(n); }},
             {"retry_after", [&](const YAML::Node& n) { rate.retry_after = duration(n); }},
             {"format",
              [&](const YAML::Node& n) {
                  using enum RetryFormat;
                  rate.format = one_of<RetryFormat>(n, {{"seconds", seconds},
                                                        {"decimal", decimal},
                                                        {"date", date},
                                                        {"milliseconds", milliseconds},
                                                        {"text", RetryFormat::text},
                                                        {"none", none}});
              }},
         });
    return rate;
}

Readers readers(Script& script) {
    const auto optional_count = [](std::optional<std::size_t>& into) {
        return [&into](const YAML::Node& n) { into = count(n); };
    };
    return {
        {"dialect", [&](const YAML::Node& n) { script.dialect = one_of(n, dialects()); }},
        {"models",
         [&](const YAML::Node& n) {
             if (!n.IsMap()) wrong(n, "expected a mapping of models");
             for (const auto& entry : n) read_model(entry.second, script.models[text(entry.first)]);
         }},
        {"latency", [&](const YAML::Node& n) { script.latency = duration(n); }},
        {"latency_per_input", [&](const YAML::Node& n) { script.latency_per_input = duration(n); }},
        {"concurrency", [&](const YAML::Node& n) { script.concurrency = count(n); }},
        {"queue", [&](const YAML::Node& n) { script.queue = count(n); }},
        {"max_inputs", optional_count(script.max_inputs)},
        {"max_text_tokens", optional_count(script.max_text_tokens)},
        {"max_request_tokens", optional_count(script.max_request_tokens)},
        {"bytes_per_token", [&](const YAML::Node& n) { script.bytes_per_token = value<double>(n, "a number"); }},
        {"max_body", [&](const YAML::Node& n) { script.max_body = count(n); }},
        {"authorization", [&](const YAML::Node& n) { script.authorization = text(n); }},
        {"rate", [&](const YAML::Node& n) { script.rate = read_rate(n); }},
        {"rate_headers",
         [&](const YAML::Node& n) {
             script.rate_headers = one_of<RateHeaders>(
                 n, {{"none", RateHeaders::none}, {"go", RateHeaders::go}, {"seconds", RateHeaders::seconds}});
         }},
        {"base64",
         [&](const YAML::Node& n) {
             script.base64 = one_of<Base64>(
                 n, {{"sent", Base64::sent}, {"ignored", Base64::ignored}, {"rejected", Base64::rejected}});
         }},
        {"dimensions",
         [&](const YAML::Node& n) {
             script.dimensions = one_of<Dimensions>(n, {{"supported", Dimensions::supported},
                                                        {"ignored", Dimensions::ignored},
                                                        {"rejected", Dimensions::rejected}});
         }},
        {"usage", [&](const YAML::Node& n) { script.usage = truth(n); }},
        {"index", [&](const YAML::Node& n) { script.index = truth(n); }},
        {"legacy", [&](const YAML::Node& n) { script.legacy = truth(n); }},
        {"refusing",
         [&](const YAML::Node& n) {
             script.refusing.reset();
             if (n.IsNull() || (n.IsScalar() && n.Scalar() == "false")) return;
             Refusing refusing;
             read(n, "refusing",
                  {
                      {"status", [&](const YAML::Node& s) { refusing.status = static_cast<int>(count(s)); }},
                      {"message", [&](const YAML::Node& m) { refusing.message = text(m); }},
                  });
             script.refusing = std::move(refusing);
         }},
        {"keep_texts", [&](const YAML::Node& n) { script.keep_texts = truth(n); }},
        {"faults",
         [&](const YAML::Node& n) {
             script.faults.clear();
             ++script.faults_set;
             if (n.IsNull()) return;
             if (!n.IsSequence()) wrong(n, "expected a list of faults");
             for (const YAML::Node& fault : n) script.faults.push_back(read_fault(fault));
         }},
    };
}

}  // namespace

void apply_script(Script& script, std::string_view yaml) {
    YAML::Node root;
    try {
        root = YAML::Load(std::string(yaml));
    } catch (const YAML::Exception& error) {
        throw std::runtime_error(std::string("script: ") + error.what());
    }
    if (root.IsNull()) return;
    Script changed = script;
    read(root, "a script", readers(changed));
    script = std::move(changed);
}

std::string_view to_string(Dialect dialect) {
    for (const auto& [name, one] : dialects()) {
        if (one == dialect) return name;
    }
    return "?";
}

}  // namespace protocol_server

#include "embedding_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "request.h"

namespace protocol_server {
namespace {

bool spoils_rows(FaultAction action) {
    using enum FaultAction;
    return action == nan || action == infinity || action == null_value || action == zero || action == empty_vector ||
           action == wrong_dimension;
}

bool is(const Fault* fault, FaultAction action) {
    return fault != nullptr && fault->action == action;
}

// True when the fault affects that row.
bool affects(const Fault* fault, std::size_t row, std::size_t rows) {
    if (fault == nullptr) return false;
    if (!fault->position) return row == rows / 2;
    return *fault->position < 0 || static_cast<std::size_t>(*fault->position) == row;
}

// In base64, NaN and infinity are written as floats, since they are not literals.
void append_spoilt(std::vector<float> row, const Fault& fault, bool base64, std::string& to) {
    using enum FaultAction;
    std::string literal;
    switch (fault.action) {
        case nan:
            literal = "NaN";
            row[row.size() / 2] = std::numeric_limits<float>::quiet_NaN();
            break;
        case infinity:
            literal = "1e999";
            row[row.size() / 2] = std::numeric_limits<float>::infinity();
            break;
        case null_value: literal = "null"; break;
        case zero: row.assign(row.size(), 0.0F); break;
        case empty_vector: row.clear(); break;
        default: row.resize(fault.dimension > 0 ? fault.dimension : row.size() + 1, 0.25F);
    }
    if (base64) {
        to += '"';
        append_base64(row, to);
        to += '"';
        return;
    }
    if (literal.empty()) return append_json(row, to);
    to += '[';
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) to += ',';
        if (i == row.size() / 2) {
            to += literal;
        } else {
            fmt::format_to(std::back_inserter(to), "{}", row[i]);
        }
    }
    to += ']';
}

void append_row(const VectorTable& table, const AnswerPlan& plan, std::size_t row, std::string& to) {
    const std::string& text = plan.texts[row];
    const bool spoilt =
        plan.fault != nullptr && spoils_rows(plan.fault->action) && affects(plan.fault, row, plan.texts.size());
    if (!spoilt && !plan.dimension) {
        if (!plan.base64) return table.append_json(text, to);
        to += '"';
        table.append_base64(text, to);
        to += '"';
        return;
    }
    std::vector<float> values = table.row(text);
    if (plan.dimension) values = shortened(std::move(values), *plan.dimension);
    if (spoilt) return append_spoilt(std::move(values), *plan.fault, plan.base64, to);
    if (!plan.base64) return append_json(values, to);
    to += '"';
    append_base64(values, to);
    to += '"';
}

// The rows that are sent, in this order.
std::vector<std::size_t> order(const AnswerPlan& plan) {
    std::vector<std::size_t> rows;
    if (is(plan.fault, FaultAction::no_vectors)) return rows;
    for (std::size_t i = 0; i < plan.texts.size(); ++i) rows.push_back(i);
    if (is(plan.fault, FaultAction::out_of_order)) std::ranges::reverse(rows);
    if (is(plan.fault, FaultAction::short_count)) rows.pop_back();
    if (is(plan.fault, FaultAction::long_count)) rows.push_back(0);
    return rows;
}

std::string index_of(const AnswerPlan& plan, std::size_t row, std::size_t place) {
    if (!plan.index) return {};
    std::size_t index = is(plan.fault, FaultAction::long_count) ? place : row;
    if (affects(plan.fault, row, plan.texts.size())) {
        if (is(plan.fault, FaultAction::missing_index)) return {};
        if (is(plan.fault, FaultAction::duplicate_index)) index = row > 0 ? row - 1 : row + 1;
        if (is(plan.fault, FaultAction::beyond_index)) index = plan.texts.size();
    }
    return fmt::format(R"(,"index":{})", index);
}

}  // namespace

std::string embedding_answer(const VectorTable& table, const AnswerPlan& plan) {
    std::string json;
    json.reserve(512 + plan.texts.size() * (table.dimension() * 12 + 64));
    if (plan.protocol == Protocol::openai) {
        json = R"({"object":"list","data":[)";
    } else if (plan.protocol == Protocol::gemini) {
        json = R"({"embeddings":[)";
    } else if (plan.protocol == Protocol::ollama) {
        json = fmt::format(R"({{"model":{},"embeddings":[)", json_text(plan.model));
    } else {
        json = "[";
    }
    std::size_t place = 0;
    for (const std::size_t row : order(plan)) {
        if (place > 0) json += ',';
        if (plan.protocol == Protocol::openai) json += R"({"object":"embedding","embedding":)";
        if (plan.protocol == Protocol::gemini) json += R"({"values":)";
        append_row(table, plan, row, json);
        if (plan.protocol == Protocol::gemini) json += '}';
        if (plan.protocol == Protocol::openai) json += index_of(plan, row, place) + "}";
        ++place;
    }
    json += ']';
    if (plan.protocol == Protocol::tei_native) return json;
    if (plan.protocol == Protocol::gemini) {
        if (plan.tokens) json += fmt::format(R"(,"usageMetadata":{{"promptTokenCount":{}}})", *plan.tokens);
        return json += '}';
    }
    if (plan.protocol == Protocol::ollama) {
        json += R"(,"total_duration":14143917,"load_duration":1019500)";
        if (plan.tokens && *plan.tokens > 0) json += fmt::format(R"(,"prompt_eval_count":{})", *plan.tokens);
        return json += '}';
    }
    json += fmt::format(R"(,"model":{})", json_text(plan.model));
    if (plan.tokens && plan.total_tokens_only) {
        json += fmt::format(R"(,"usage":{{"total_tokens":{}}})", *plan.tokens);
    } else if (plan.tokens) {
        json += fmt::format(R"(,"usage":{{"prompt_tokens":{},"total_tokens":{}}})", *plan.tokens, *plan.tokens);
    }
    return json += '}';
}

std::string legacy_answer(const VectorTable& table, const std::string& text, const Fault* fault) {
    std::string json = R"({"embedding":)";
    if (text.empty() || is(fault, FaultAction::no_vectors)) {
        json += "[]";
    } else {
        append_row(
            table,
            {.protocol = Protocol::ollama, .model = {}, .texts = {text}, .dimension = {}, .tokens = {}, .fault = fault},
            0, json);
    }
    return json += '}';
}

}  // namespace protocol_server

#include "catalog/document.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "catalog/assemble.h"
#include "catalog/encoding.h"
#include "catalog/form.h"
#include "catalog/hidden.h"
#include "catalog/raw_document.h"
#include "catalog/work.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr std::size_t max_message_bytes = 2'000;  // a message quotes the document, whose names may be megabytes long

Status check_start(std::string_view text) {
    const auto start = text.find_first_not_of(white_space);
    const auto refuse = [&](std::string_view found) {
        return fail(
            ErrorKind::invalid_argument,
            fmt::format(
                "the document is not an OpenAPI document: expected an object in JSON or YAML, found {} (\"{}\")", found,
                excerpt(text, start)));
    };
    if (text[start] == '<') return refuse("an HTML or XML page");
    if (text[start] == '[') return refuse("a JSON array");
    return {};
}

struct Attempt {
    Result<Document> document;
    std::optional<std::size_t> broken_at;  // where it is against the grammar of the form
    std::string suspect;                   // a version or key that is not what it looks like
};

Attempt read_as(DocumentReader& reader, const Limits& limits, Work& work) {
    auto raw = reader.read();
    if (!raw) return {std::unexpected(std::move(raw.error())), reader.broken_at(), {}};
    std::string suspect = raw->openapi ? *raw->openapi : raw->swagger.value_or("");
    if (!has_hidden(suspect)) suspect = raw->misspelt.empty() ? "" : raw->misspelt.front();
    return {assemble(std::move(*raw), reader, limits, work), std::nullopt, std::move(suspect)};
}

// JSON first if it looks like that, then YAML, which may be in braces as well.
Attempt read_text(std::string_view text, const Limits& limits, const ReadingControl& control) {
    const bool in_braces = text[text.find_first_not_of(white_space)] == '{';
    Work work(limits, control, in_braces ? "JSON" : "YAML");
    if (!in_braces) return read_as(*make_yaml_reader(text, limits, work), limits, work);
    Attempt json = read_as(*make_json_reader(text, limits, work), limits, work);
    if (!json.broken_at) return json;
    const auto sign = find_sign_of_yaml(text);
    if (!sign) return json;
    work.set_form("YAML");
    Attempt yaml = read_as(*make_yaml_reader(text, limits, work), limits, work);
    const bool is_out_of_time = !yaml.document && !work.look() && work.error().kind != ErrorKind::unavailable;
    const bool is_json = is_out_of_time || (!yaml.document && *sign == SignOfYaml::weak);
    return is_json ? std::move(json) : std::move(yaml);
}

// The error with what cannot be seen and may be its cause.
Error with_cause(Error error, std::string_view text, const Attempt& attempt) {
    auto hidden =
        attempt.broken_at ? find_hidden_near(text, *attempt.broken_at) : find_hidden_in(text, attempt.suspect);
    if (!hidden) hidden = find_hidden_at_start(text);
    error = explained(std::move(error), text, hidden);
    error.message = shortened(error.message, max_message_bytes);
    return error;
}

}  // namespace

Result<Document> parse_document(std::string_view content, const Limits& limits, const ReadingControl& control) {
    const auto text = checked_text(content, limits);
    if (!text) return std::unexpected(text.error());
    if (auto status = check_start(*text); !status) return std::unexpected(std::move(status.error()));
    Attempt attempt = read_text(*text, limits, control);
    if (!attempt.document) return std::unexpected(with_cause(attempt.document.error(), *text, attempt));
    return std::move(attempt.document);
}

}  // namespace embedq::catalog

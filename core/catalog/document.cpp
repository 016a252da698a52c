#include "catalog/document.h"

#include <fmt/format.h>

#include <memory>

#include "catalog/assemble.h"
#include "catalog/encoding.h"
#include "catalog/raw_document.h"
#include "catalog/work.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr std::size_t max_message_bytes = 2'000;  // a message quotes the document, whose names may be megabytes long

// JSON is also YAML, but YAML in braces has keys without quotes.
bool is_json(std::string_view text) {
    const auto brace = text.find_first_not_of(white_space);
    if (brace == std::string_view::npos || text[brace] != '{') return false;
    const auto next = text.find_first_not_of(white_space, brace + 1);
    return next == std::string_view::npos || text[next] == '"' || text[next] == '}';
}

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
    if (text[start] == '"') return refuse("a lone string");
    return {};
}

Result<Document> read_text(std::string_view text, const Limits& limits, const ReadingControl& control) {
    const bool json = is_json(text);
    Work work(limits, control, json ? "JSON" : "YAML");
    const auto reader = json ? make_json_reader(text, limits, work) : make_yaml_reader(text, limits, work);
    auto raw = reader->read();
    if (!raw) return std::unexpected(std::move(raw.error()));
    return assemble(std::move(*raw), *reader, limits, work);
}

}  // namespace

Result<Document> parse_document(std::string_view content, const Limits& limits, const ReadingControl& control) {
    const auto text = checked_text(content, limits);
    if (!text) return std::unexpected(text.error());
    if (auto status = check_start(*text); !status) return std::unexpected(std::move(status.error()));
    auto document = read_text(*text, limits, control);
    if (!document) document.error().message = shortened(document.error().message, max_message_bytes);
    return document;
}

}  // namespace embedq::catalog

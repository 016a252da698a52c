#include "catalog/document.h"

#include <fmt/format.h>

#include <memory>

#include "catalog/assemble.h"
#include "catalog/encoding.h"
#include "catalog/raw_document.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view white_space = " \t\r\n";

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

}  // namespace

Result<Document> parse_document(std::string_view content, const Limits& limits) {
    const auto text = checked_text(content, limits);
    if (!text) return std::unexpected(text.error());
    if (auto status = check_start(*text); !status) return std::unexpected(std::move(status.error()));
    const auto reader = is_json(*text) ? make_json_reader(*text, limits) : make_yaml_reader(*text, limits);
    auto raw = reader->read();
    if (!raw) return std::unexpected(std::move(raw.error()));
    return assemble(std::move(*raw), *reader, limits);
}

}  // namespace embedq::catalog

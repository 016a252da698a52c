#include "catalog/entity.h"

#include <gumbo.h>

#include <cstddef>
#include <memory>

#include "catalog/ascii.h"

namespace embedq::catalog {
namespace {

// The texts of an element that has nothing else.
std::string text_in(const GumboNode& element) {
    std::string text;
    const GumboVector& children = element.v.element.children;
    for (unsigned i = 0; i < children.length; ++i) {
        const auto& child = *static_cast<const GumboNode*>(children.data[i]);
        if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE) text += child.v.text.text;
    }
    return text;
}

// The text is read after a letter, since white space at the beginning of a page means nothing.
std::string read(std::string_view entity) {
    const std::string page = "<body>x" + std::string(entity);
    const auto destroy = [](GumboOutput* output) { gumbo_destroy_output(&kGumboDefaultOptions, output); };
    const std::unique_ptr<GumboOutput, decltype(destroy)> output(
        gumbo_parse_with_options(&kGumboDefaultOptions, page.data(), page.size()), destroy);
    const GumboVector& parts = output->root->v.element.children;
    std::string text;
    for (unsigned i = 0; i < parts.length; ++i) {
        const auto& part = *static_cast<const GumboNode*>(parts.data[i]);
        if (part.type == GUMBO_NODE_ELEMENT && part.v.element.tag == GUMBO_TAG_BODY) text = text_in(part);
    }
    return text.starts_with('x') ? text.substr(1) : std::string();
}

}  // namespace

std::size_t Entities::length_at(std::string_view text) {
    std::size_t at = 1;
    if (at < text.size() && text[at] == '#') ++at;
    const std::size_t first = at;
    while (at < text.size() && at < max_bytes && (is_letter(text[at]) || is_digit(text[at]))) ++at;
    return at > first && at < text.size() && text[at] == ';' ? at + 1 : 0;
}

const std::string& Entities::decoded(std::string_view entity) {
    if (const auto known = known_.find(entity); known != known_.end()) return known->second;
    std::string text = read(entity);
    // HTML also reads the beginning of a name: "&notin;" is one, "&notit;" is "\u00ac" and "it;".
    const bool is_whole = text.size() == 1 || (!text.starts_with('&') && !text.ends_with(';'));
    if (!is_whole) text.clear();
    if (known_.size() == max_known) known_.clear();
    return known_.emplace(entity, std::move(text)).first->second;
}

}  // namespace embedq::catalog

// The canonical text of one operation; document.h describes its form.
//
// Internal to core/catalog. Thread-safety: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/raw_document.h"

namespace embedq::catalog {

// What an operation's text is made of apart from its path. Many paths may refer to one operation, so what takes time
// in proportion to its texts is done once.
struct TextParts {
    std::string shown_summary;
    std::vector<std::string> tags;
    std::string tag_line;
    bool tags_left_out = false;
    std::string id_words;  // of the operationId
    std::set<std::string, std::less<>> id_word_set;
    std::string first;        // line 1
    std::string overflow;     // the part of an overlong summary that does not fit line 1
    std::string description;  // what the description adds to it
};

// What else a tag is called: by its summary, and by the tags above it.
using TagTexts = std::map<std::string, std::vector<std::string>, std::less<>>;

// For documents of OpenAPI 3.2, which have such tags.
[[nodiscard]] TagTexts tag_texts(const std::vector<RawTag>& tags);

// `summary` and `description` are the operation's or, if it has neither, its path item's.
[[nodiscard]] TextParts text_parts(const RawOperation& operation, std::string_view summary,
                                   std::string_view description, const TagTexts& tag_texts);

struct CanonicalText {
    std::string text;
    std::uint32_t cut_bytes = 0;
};

// The work is bounded by the lengths of the path and of the result.
[[nodiscard]] CanonicalText canonical_text(const TextParts& parts, std::string_view method, std::string_view path,
                                           std::size_t max_bytes);

}  // namespace embedq::catalog

#include "catalog/canonical_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "catalog/encoding.h"
#include "catalog/prose.h"
#include "embedq/support/words.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t min_text_bytes = 64;
constexpr std::size_t max_shown_summary = 1000;
constexpr std::size_t max_first_line = 1000;
constexpr std::size_t max_sentence = 300;

std::string words_of(std::string_view text) {
    std::string line;
    for_each_word(text, [&line](std::string_view word) {
        if (!line.empty()) line.push_back(' ');
        line.append(word);
    });
    return line;
}

std::set<std::string, std::less<>> word_set(std::string_view text) {
    std::set<std::string, std::less<>> words;
    for_each_word(text, [&words](std::string_view word) { words.emplace(word); });
    return words;
}

void add_line(std::string& text, std::string_view line) {
    if (line.empty()) return;
    if (!text.empty()) text.push_back('\n');
    text.append(line);
}

std::string_view without_leading_space(std::string_view text) {
    const auto start = text.find_first_not_of(' ');
    return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

struct Prose {
    std::string_view first;        // line 1
    std::string_view overflow;     // the part of an overlong summary that did not fit line 1
    std::string_view description;  // what the description adds to it
};

Prose split(std::string_view summary, std::string_view description) {
    if (summary.empty()) {
        const auto length = first_sentence(description, max_sentence);
        return {description.substr(0, length), {}, without_leading_space(description.substr(length))};
    }
    if (description.starts_with(summary)) {
        const auto rest = description.substr(summary.size());
        const bool repeats = rest.empty() || rest.front() == ' ' || rest.front() == '.';
        if (repeats) description = without_leading_space(rest.starts_with('.') ? rest.substr(1) : rest);
    }
    const auto length = word_floor(summary, max_first_line);
    return {summary.substr(0, length), without_leading_space(summary.substr(length)), description};
}

std::string shown_summary(std::string_view summary, const Prose& prose, std::string_view description) {
    if (summary.empty())
        return fmt::format("{}{}", prose.first,
                           prose.first.size() < description.size() && !prose.first.ends_with('.') &&
                                   !prose.first.ends_with('!') && !prose.first.ends_with('?')
                               ? "…"
                               : "");
    const auto length = word_floor(summary, max_shown_summary);
    return fmt::format("{}{}", summary.substr(0, length), length < summary.size() ? "…" : "");
}

}  // namespace

CanonicalText canonical_text(const RawOperation& operation, std::string_view path, std::string_view summary,
                             std::string_view description, std::size_t max_bytes) {
    const std::string plain_summary = plain_prose(summary);
    const std::string plain_description = plain_prose(description);
    const Prose prose = split(plain_summary, plain_description);

    CanonicalText canonical;
    for (const auto& tag : operation.tags) {
        std::string plain = plain_prose(tag);
        if (!plain.empty() && std::ranges::find(canonical.tags, plain) == canonical.tags.end())
            canonical.tags.push_back(std::move(plain));
    }
    canonical.summary = shown_summary(plain_summary, prose, plain_description);

    const std::string path_words = words_of(fmt::format("{} {}", operation.method, path));
    const std::string id_words = words_of(operation.operation_id);
    std::string& text = canonical.text;
    add_line(text, prose.first);
    add_line(text, path_words);
    if (!std::ranges::includes(word_set(path_words), word_set(id_words))) add_line(text, id_words);
    add_line(text, fmt::format("{}", fmt::join(canonical.tags, ", ")));
    add_line(text, prose.overflow);
    add_line(text, prose.description);

    if (max_bytes == 0) return canonical;
    const std::size_t full = text.size();
    text.resize(utf8_floor(text, std::max(max_bytes, min_text_bytes)));
    while (text.size() < full && (text.ends_with(' ') || text.ends_with('\n'))) text.pop_back();
    canonical.cut_bytes = static_cast<std::uint32_t>(
        std::min<std::size_t>(full - text.size(), std::numeric_limits<std::uint32_t>::max()));
    return canonical;
}

}  // namespace embedq::catalog

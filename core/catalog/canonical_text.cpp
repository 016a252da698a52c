#include "catalog/canonical_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "catalog/encoding.h"
#include "catalog/prose.h"
#include "embedq/support/words.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t min_text_bytes = 64;
constexpr std::size_t max_shown_summary = 1000;
constexpr std::size_t max_first_line = 1000;
constexpr std::size_t max_sentence = 300;
constexpr std::size_t max_tag_levels = 8;       // of tags above each other
constexpr std::size_t max_tag_summary = 200;    // bytes of what else a tag is called
constexpr std::size_t max_tags_bytes = 16'384;  // of a line of tags: more than any text that is embedded

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

// Collects lines up to a bound, and counts what is beyond it.
class BoundedLines {
public:
    explicit BoundedLines(std::size_t max_bytes)
        : kept_(max_bytes == 0 ? std::numeric_limits<std::size_t>::max() : max_bytes + 1) {}

    void add(std::string_view line) {
        if (line.empty()) return;
        if (size_ > 0) append("\n");
        append(line);
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    // Complete if it is within the bound, otherwise one byte longer, so that one sees where a character ends.
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    void append(std::string_view piece) {
        text_.append(piece.substr(0, kept_ - text_.size()));
        size_ += piece.size();
    }

    const std::size_t kept_;
    std::string text_;
    std::size_t size_ = 0;
};

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

// The line of tags: the first that are different, up to a bound on all of them together.
class TagLine {
public:
    explicit TagLine(TextParts& parts) : parts_(parts) {}

    // The text as the line has it; nothing if the line has it already or is full.
    std::optional<std::string> add(std::string_view text) {
        constexpr std::string_view separator = ", ";
        std::string plain = plain_prose(text);
        if (plain.empty() || parts_.tags_left_out || seen_.contains(plain)) return std::nullopt;
        const std::size_t start = parts_.tag_line.empty() ? 0 : parts_.tag_line.size() + separator.size();
        const std::size_t space = max_tags_bytes - std::min(start, max_tags_bytes);
        parts_.tags_left_out = plain.size() > space;
        if (parts_.tags_left_out) plain.resize(utf8_floor(plain, space));
        if (plain.empty()) return std::nullopt;
        if (start > 0) parts_.tag_line.append(separator);
        parts_.tag_line.append(plain);
        seen_.insert(plain);
        return plain;
    }

private:
    TextParts& parts_;
    std::set<std::string, std::less<>> seen_;
};

void read_tags(const RawOperation& operation, const TagTexts& texts, TextParts& parts) {
    TagLine line(parts);
    for (const auto& tag : operation.tags) {
        if (parts.tags_left_out) return;
        if (auto plain = line.add(tag)) parts.tags.push_back(std::move(*plain));
    }
    if (texts.empty()) return;
    for (const auto& tag : parts.tags) {
        const auto others = texts.find(tag);
        if (others == texts.end()) continue;
        for (const auto& text : others->second) {
            if (parts.tags_left_out) return;
            line.add(text);
        }
    }
}

// Each word of the id that the path has is another one, so this ends after as many steps as the path has words.
bool adds_a_word(const TextParts& parts, std::string_view path_words) {
    const auto known = word_set(path_words);
    return !std::ranges::all_of(parts.id_word_set, [&](const std::string& word) { return known.contains(word); });
}

}  // namespace

TagTexts tag_texts(const std::vector<RawTag>& tags) {
    std::map<std::string_view, const RawTag*> by_name;
    for (const auto& tag : tags) by_name.emplace(tag.name, &tag);
    TagTexts texts;
    for (const auto& tag : tags) {
        auto& names = texts[tag.name];
        const RawTag* at = &tag;
        for (std::size_t level = 0; at != nullptr && level < max_tag_levels; ++level) {
            if (level > 0) names.push_back(shortened(at->name, max_tag_summary));
            if (!at->summary.empty()) names.push_back(shortened(at->summary, max_tag_summary));
            const auto above = by_name.find(at->parent);
            at = at->parent.empty() || above == by_name.end() ? nullptr : above->second;
        }
        if (names.empty()) texts.erase(tag.name);
    }
    return texts;
}

TextParts text_parts(const RawOperation& operation, std::string_view summary, std::string_view description,
                     const TagTexts& tag_texts) {
    const std::string plain_summary = plain_prose(summary);
    const std::string plain_description = plain_prose(description);
    const Prose prose = split(plain_summary, plain_description);

    TextParts parts;
    read_tags(operation, tag_texts, parts);
    parts.shown_summary = shown_summary(plain_summary, prose, plain_description);
    parts.id_words = words_of(operation.operation_id);
    parts.id_word_set = word_set(parts.id_words);
    parts.first = prose.first;
    parts.overflow = prose.overflow;
    parts.description = prose.description;
    return parts;
}

CanonicalText canonical_text(const TextParts& parts, std::string_view method, std::string_view path,
                             std::size_t max_bytes) {
    const std::size_t bound = max_bytes == 0 ? 0 : std::max(max_bytes, min_text_bytes);
    const std::string path_words = words_of(fmt::format("{} {}", method, path));
    BoundedLines lines(bound);
    lines.add(parts.first);
    lines.add(path_words);
    if (adds_a_word(parts, path_words)) lines.add(parts.id_words);
    lines.add(parts.tag_line);
    lines.add(parts.overflow);
    lines.add(parts.description);

    CanonicalText canonical{.text = lines.take()};
    std::string& text = canonical.text;
    if (bound == 0) return canonical;
    const std::size_t full = lines.size();
    text.resize(utf8_floor(text, bound));
    while (text.size() < full && (text.ends_with(' ') || text.ends_with('\n'))) text.pop_back();
    canonical.cut_bytes = static_cast<std::uint32_t>(
        std::min<std::size_t>(full - text.size(), std::numeric_limits<std::uint32_t>::max()));
    return canonical;
}

}  // namespace embedq::catalog

#include "documents/documents.h"

#include <zstd.h>

#include <new>
#include <stdexcept>

namespace embedq::documents {
namespace {

constexpr int compression_level = 1;

}  // namespace

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
}

Compressor::~Compressor() {
    ZSTD_freeCCtx(context_);
}

std::vector<std::byte> Compressor::compress(std::string_view content) {
    std::vector<std::byte> out(ZSTD_compressBound(content.size()));
    const std::size_t size =
        ZSTD_compressCCtx(context_, out.data(), out.size(), content.data(), content.size(), compression_level);
    if (ZSTD_isError(size) != 0U) {
        throw std::runtime_error(std::string("a document could not be compressed: ") + ZSTD_getErrorName(size));
    }
    out.resize(size);
    return out;
}

Result<std::string> decompress(std::span<const std::byte> compressed, std::size_t size) {
    std::string content(size, '\0');
    const std::size_t written = ZSTD_decompress(content.data(), content.size(), compressed.data(), compressed.size());
    if (ZSTD_isError(written) == 0U && written == size) return content;
    return fail(ErrorKind::internal,
                "a stored document cannot be read back: expected " + std::to_string(size) + " bytes, found " +
                    (ZSTD_isError(written) != 0U ? ZSTD_getErrorName(written) : std::to_string(written).c_str()),
                "put the document again");
}

// Every tag ends with a line feed, so that a list of one empty tag differs from an empty list.
std::string join_tags(std::span<const std::string> tags) {
    std::string joined;
    for (const std::string& tag : tags) {
        for (const char c : tag) {
            if (c == '\\') {
                joined += "\\\\";
            } else if (c == '\n') {
                joined += "\\n";
            } else {
                joined += c;
            }
        }
        joined += '\n';
    }
    return joined;
}

void split_tags(std::string_view joined, std::vector<std::string>& tags) {
    tags.clear();
    std::string tag;
    for (std::size_t i = 0; i < joined.size(); ++i) {
        if (joined[i] == '\n') {
            tags.push_back(std::move(tag));
            tag.clear();
        } else if (joined[i] == '\\' && i + 1 < joined.size()) {
            ++i;
            tag += joined[i] == 'n' ? '\n' : joined[i];
        } else {
            tag += joined[i];
        }
    }
}

std::string join_notes(std::span<const Note> notes) {
    std::vector<std::string> lines;
    lines.reserve(2 * notes.size());
    for (const Note& note : notes) lines.insert(lines.end(), {note.where, note.reason});
    return join_tags(lines);
}

std::vector<Note> split_notes(std::string_view joined) {
    std::vector<std::string> lines;
    split_tags(joined, lines);
    std::vector<Note> notes;
    for (std::size_t i = 0; i + 1 < lines.size(); i += 2)
        notes.push_back({.where = std::move(lines[i]), .reason = std::move(lines[i + 1])});
    return notes;
}

}  // namespace embedq::documents

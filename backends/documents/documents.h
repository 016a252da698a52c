// How documents and tags are encoded by stores that keep them in a database.
//
// Pure functions, safe from any thread. A Compressor belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/error.h"

struct ZSTD_CCtx_s;

namespace embedq::documents {

// zstd at its fastest level: documents are text and shrink to a tenth at hundreds of megabytes a second.
class Compressor {
public:
    Compressor();
    ~Compressor();
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;
    // Throws std::runtime_error if zstd fails, which means that memory ran out.
    [[nodiscard]] std::vector<std::byte> compress(std::string_view content);

private:
    ZSTD_CCtx_s* context_;
};

// `internal` if the bytes are not what was written.
[[nodiscard]] Result<std::string> decompress(std::span<const std::byte> compressed, std::size_t size);

// One tag per line; '\' and line feeds inside a tag are escaped by '\'. An empty list is the empty text.
[[nodiscard]] std::string join_tags(std::span<const std::string> tags);
void split_tags(std::string_view joined, std::vector<std::string>& tags);
// The same for notes: where and reason, each on a line.
[[nodiscard]] std::string join_notes(std::span<const Note> notes);
[[nodiscard]] std::vector<Note> split_notes(std::string_view joined);

}  // namespace embedq::documents

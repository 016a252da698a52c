// Reads a document from its file or URL, with the parts that it refers to (catalog/bundle.h).
//
// Followed are, from a file that was found in a folder: files under that folder; from a file that was named: files in
// its folder and below; from a URL: documents of the same server. Thread-safety: a function without state.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/document_finder.h"
#include "embedq/error.h"
#include "fetch/fetch.h"

namespace embedq::cli {

struct DocumentContent {
    bool unchanged = false;  // by the server's answer; there is no content then
    std::string content;     // the document, or the bundle
    // What tells whether a URL's document changed: the server's validator, or that of a bundle.
    std::string validator;
    std::vector<std::string> parts;  // real paths of the files in the bundle that are not documents themselves
};

// The message of an error continues a sentence that begins with the path. `unavailable`, where it may be read the next
// time: the file or a part changes all the time, or a part of a document that is in the catalog is not to be had.
[[nodiscard]] Result<DocumentContent> read_document(const DocumentFile& file, std::size_t max_bytes,
                                                    fetch::Fetcher* fetcher, const std::stop_token& stop);

}  // namespace embedq::cli

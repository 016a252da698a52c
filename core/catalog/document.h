// A parsed OpenAPI document: its operations, each with its canonical text and hash.
//
// OpenAPI 3.0, 3.1 and 3.2 and Swagger 2.0, in JSON or YAML, distinguished by content. Thread-safety: pure functions.
//
// The canonical text (version `text_version`) is what is embedded and searched. It consists of these lines, without
// empty ones:
//   1. the summary, or the first sentence of the description
//   2. the method and the words of the path:  get repos owner repo issues
//   3. the words of the operationId, if the document has one that adds a word:  issues list for repo
//   4. the tags, joined by ", "; in OpenAPI 3.2 also what the document says of them: summaries, and tags above them
//   5. the description, or what follows its first sentence; omitted if it only repeats line 1
// Words are those of embedq/support/words.h. An operation without summary and description takes its path item's. In
// prose, HTML tags and comments, the targets of Markdown links and the marks of its headings and rules are removed,
// HTML entities are decoded, and white space becomes single spaces. The most informative lines come first, because a
// length limit, ours or a model's, cuts the end. A change that makes other texts of some documents needs another
// `text_version`: they are read again, and only texts that changed are embedded. A change of these lines needs another
// `text_form`, and then everything is embedded again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/error.h"

namespace embedq::catalog {

inline constexpr std::uint32_t text_version =
    3;                                         // of the texts that are made: documents with another one are read again
inline constexpr std::uint32_t text_form = 1;  // of the lines above: with another one, every text is embedded again
inline constexpr std::size_t max_notes = most_notes;  // of one document

// Limits on one document. The work within them grows with the document's size at most as n log n.
struct Limits {
    std::size_t max_document_bytes = std::size_t{64} << 20U;
    std::size_t max_depth = 256;  // of nested objects and arrays
    // Of one canonical text, cut at a UTF-8 boundary; at least 64, 0 for no limit.
    std::size_t max_text_bytes = 6000;
    std::size_t max_operations = 100'000;                        // a path item counts for each path that refers to it
    std::size_t max_total_text_bytes = std::size_t{256} << 20U;  // of all canonical texts and paths
    std::size_t max_yaml_nodes = 20'000'000;                     // with every alias expanded
    std::size_t max_yaml_bytes = std::size_t{256} << 20U;        // of all scalars, with every alias expanded
    std::size_t max_yaml_kept = 4'000'000;                       // nodes that are read, or that have an anchor
    std::chrono::milliseconds max_time{20'000};                  // as ReadingControl measures it
};

// What may end the reading of a document early.
struct ReadingControl {
    std::stop_token stop = {};  // the result is then `unavailable`
    // The time that Limits::max_time bounds; by default the processor time of the calling thread.
    std::function<std::chrono::nanoseconds()> clock = {};
};

struct Document {
    std::string title;                  // at most 1,000 bytes
    std::string version;                // of the API, at most 200 bytes
    std::string description;            // white space as the document has it; at most 64 KiB
    std::string dialect;                // "OpenAPI 3.0.1", "Swagger 2.0"
    std::vector<Operation> operations;  // in document order
    std::vector<Note> notes;            // the first `max_notes` of what was left out, webhooks and callbacks last
    std::size_t note_count = 0;         // of all
    // Operations that are in the document and not in `operations`; what a reference leads to, if it is not followed,
    // counts as one.
    std::size_t operations_left_out = 0;
};

// Reads a document, or reports what is wrong with it and where (`invalid_argument`). The whole text is validated,
// including what is not used. A UTF-8 byte order mark is skipped.
//
// - Whatever is left out has a note: each operation that is not taken, and why a document has no operations.
// - The methods get put post delete options head patch trace; in OpenAPI 3.2 also query and `additionalOperations`,
//   of which each path item has at most 32. Webhooks and callbacks are not operations; keys of `paths` that begin with
//   "x-" are not paths.
// - `operation_id` is the document's operationId, else "METHOD path". Where several operations claim one id, each of
//   them gets the suffix "~" and the first 8 digits of SHA-256("METHOD path"), so an id does not depend on the order of
//   operations. Ids longer than 512 bytes are shortened and end in "~" and 16 digits of their own SHA-256.
// - Local `$ref`s of path items and operations are followed, through any JSON pointer; an operation beside a `$ref`
//   takes precedence over the same method at its target. A reference is also local behind the document's own `$self`.
//   Remote references, cycles and dangling references result in a note.
// - A duplicate key in an object that is read (the document, info, paths, path items, operations) is an error: one of
//   the two would be lost. In YAML it is an error everywhere, and so are aliases that expand too far and aliases of a
//   node that contains them.
// - Numbers are read as they are written: any valid JSON number is accepted, and `swagger: 2.0` is the text "2.0".
// - Of an operation's tags, the first 16 KiB are read; what is left out results in a note.
[[nodiscard]] Result<Document> parse_document(std::string_view content, const Limits& limits = {},
                                              const ReadingControl& control = {});

}  // namespace embedq::catalog

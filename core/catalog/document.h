// An OpenAPI document, read: its operations, each with its canonical text and hash.
//
// OpenAPI 3.0, 3.1 and 3.2 and Swagger 2.0, in JSON or YAML, told apart by content. Thread-safety: pure functions.
//
// The canonical text (version `text_version`) is what is embedded and searched. It is made of lines, empty ones left
// out:
//   1. the summary, or the first sentence of the description
//   2. the method and the words of the path:  get repos owner repo issues
//   3. the words of the operationId, if the document gives one that says anything else:  issues list for repo
//   4. the tags, joined by ", "
//   5. the description, or what follows its first sentence; left out when it only repeats line 1
// Words are those of embedq/support/words.h. An operation without summary and description takes its path item's. Prose
// has its HTML tags and comments and the targets of Markdown links taken out, common HTML entities decoded, and its
// white space made single spaces. The most telling lines come first, because a bound, ours or a model's, cuts from the
// end. A change of this form changes `text_version`, and everything is embedded anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/error.h"

namespace embedq::catalog {

inline constexpr std::uint32_t text_version = 1;

// What one document may cost.
struct Limits {
    std::size_t max_document_bytes = std::size_t{64} << 20U;
    std::size_t max_depth = 256;  // objects and arrays inside each other
    // Of one canonical text, cut at a UTF-8 boundary; at least 64, 0 for no bound.
    std::size_t max_text_bytes = 6000;
    std::size_t max_operations = 100'000;                        // path items that many paths refer to count each time
    std::size_t max_total_text_bytes = std::size_t{256} << 20U;  // of all canonical texts and paths
    std::size_t max_yaml_nodes = 20'000'000;                     // with every alias written out
};

struct Document {
    std::string title;
    std::string version;                // of the API
    std::string description;            // white space as the document has it
    std::string dialect;                // "OpenAPI 3.0.1", "Swagger 2.0"
    std::vector<Operation> operations;  // in document order
    std::vector<std::string> notes;     // what was passed over and why, for people; at most 20
};

// Reads a document, or says what is wrong with it and where (`invalid_argument`). The whole text is validated, also
// what is not used. A UTF-8 byte order mark is passed over.
//
// - All eight methods (get put post delete options head patch trace); webhooks and callbacks are not operations; keys
//   of `paths` that begin with "x-" are not paths.
// - `operation_id` is the document's operationId, else "METHOD path". Where several operations claim one id, each of
//   them gets the suffix "~" and the first 8 digits of SHA-256("METHOD path"), so an id does not depend on the order of
//   operations. Ids longer than 512 bytes are shortened and end in "~" and 16 digits of their own SHA-256.
// - Local `$ref`s of path items are followed, through any JSON pointer; an operation beside a `$ref` goes before the
//   same method behind it. Remote ones, cycles and dangling ones give a note.
// - A key that stands twice in an object that is read (the document, info, paths, path items, operations) is an error:
//   one of the two would be lost. In YAML it is an error everywhere, and so are aliases that explode and aliases of
//   what contains them.
// - Numbers are read as they are written: any valid JSON number will do, and `swagger: 2.0` is the text "2.0".
// - A document without `paths` has no operations, and a note says so.
[[nodiscard]] Result<Document> parse_document(std::string_view content, const Limits& limits = {});

}  // namespace embedq::catalog

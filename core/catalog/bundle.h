// One document of several: the document and the parts it refers to, as one that refers to nothing outside itself.
//
// A bundle is JSON. It has the document's own keys, with each `$ref` to another document replaced by one to
// "#/x-embedq-parts/NAME", where that document stands whole: so each part is there once, however often and in whatever
// circle it is referred to. A `$ref` to a mere string, such as a description in Markdown, is replaced by the string.
// What was not followed is kept as written, and "x-embedq-unfollowed" has the reason, of which `parse_document` makes a
// note; also why the document may be cut. The same parts give the same bytes.
//
// Followed are `$ref`s anywhere, and what the `mapping` of a discriminator refers to, those on the way to operations
// first, so that a limit costs operations last. Fragments are JSON pointers or names that an `$anchor` gives; a
// reference to the document's `$self` or `$id` is one to the document itself. Thread-safety: pure functions, except for
// what the source does.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/document.h"
#include "embedq/error.h"

namespace embedq::catalog {

// Where a document or a part is.
struct PartPlace {
    std::string id;    // one for each part, however it is referred to: a real path, a URL
    std::string name;  // in the bundle, relative to the document: "parts/carts.yaml"
};

// Finds and reads the parts of one document. Messages of its errors continue a sentence that begins with the reference:
// "does not exist".
class PartSource {
public:
    PartSource() = default;
    virtual ~PartSource() = default;
    PartSource(const PartSource&) = delete;
    PartSource& operator=(const PartSource&) = delete;

    // The document itself.
    [[nodiscard]] virtual const PartPlace& document() const = 0;
    // Where a reference leads that stands in `from`, without its fragment; or why it is not followed.
    [[nodiscard]] virtual Result<PartPlace> locate(const PartPlace& from, std::string_view reference) = 0;
    // At most `max_bytes` of it, else `too_large`. `unavailable` where it may be there the next time.
    [[nodiscard]] virtual Result<std::string> read(const PartPlace& part, std::size_t max_bytes,
                                                   std::stop_token stop) = 0;
};

struct BundleLimits {
    std::size_t max_parts = 500;                     // read, or tried
    std::size_t max_bytes = std::size_t{64} << 20U;  // of the document and its parts
};

struct Bundle {
    std::string content;               // the bytes of the document, if it refers to no other
    bool is_bundle = false;            // whether it does
    std::vector<PartPlace> parts;      // those in it that are not documents themselves, by name
    std::optional<Error> unavailable;  // of a part that may be there the next time
};

// Whether a document may refer to others; false is certain. One pass over the bytes.
[[nodiscard]] bool may_refer_outside(std::string_view content);

// A document that cannot be read is returned as it is: `parse_document` reports what is wrong with it. A part that
// cannot be read is named in the bundle. Errors: `unavailable` on a stop, `invalid_argument` where the time of the
// limits is over or the bundle is longer than they allow.
[[nodiscard]] Result<Bundle> bundle(std::string content, PartSource& source, const BundleLimits& bundle_limits = {},
                                    const Limits& limits = {}, const ReadingControl& control = {});

}  // namespace embedq::catalog

// What OpenAPI expects at each place of a document, as far as it tells whether a document was cut.
//
// Internal to core/catalog. Thread-safety: constants and pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace embedq::catalog {

enum class Part : std::uint8_t {
    anything,  // also what is not known
    root,
    info,
    object,  // with fields of no interest
    items,   // path items by name
    item,
    operations,
    operation,
    parameters,
    named_parameters,
    parameter,
    body,
    bodies,
    responses,
    response,
    content,
    media,
    schema,
    schemas,
    schema_list,
    headers,
    header,
    callbacks,
    components,
    examples,
    objects,
    object_list,
    tags,
    tag,
    servers,
    server,
    texts,
};

// What is due at a key of a map, and as an item of a list.
[[nodiscard]] Part part_at(Part parent, std::string_view key);
[[nodiscard]] Part item_of(Part parent);

// The field that nearly all of these have, unless it is a reference; empty for none.
[[nodiscard]] std::string_view usual_field(Part part);
// Whether they have to have it, in a document that says `version` of itself: "2.0", "3.1.0".
[[nodiscard]] bool requires_field(Part part, std::string_view version);

// Whether something has to be there, so that nobody leaves it empty: an operation, the content of a response. Lists and
// maps of what a document may have none of, such as tags and properties, are left empty.
[[nodiscard]] bool is_never_empty(Part part);

// For messages: "an operation".
[[nodiscard]] std::string_view name_of(Part part);

}  // namespace embedq::catalog

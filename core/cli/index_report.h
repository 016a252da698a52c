// What `index` says beside its totals: what it refused, skipped and left out, and which specs were renamed, removed, or
// kept without a file.
//
// Thread-safety: functions without state; the console's rules apply.
#pragma once

#include <string>
#include <string_view>

#include "cli/console.h"
#include "cli/folder_sync.h"
#include "cli/indexer.h"
#include "cli/present.h"
#include "embedq/catalog.h"
#include "embedq/engine.h"
#include "embedq/error.h"

namespace embedq::cli {

// Each kind as lines, of which the first ones are shown. What was given and not taken is said even with --quiet.
void print_details(Console& console, const IndexReport& report, const SyncReport& folders);
// The same, whole, as members of a JSON object.
void add_details(Json& json, const IndexReport& report, const SyncReport& folders);
[[nodiscard]] Json json_of(const RefusedDocument& document);
[[nodiscard]] Json json_of(const Note& note);
// "paths./pets.get: it is null, expected an object"
[[nodiscard]] std::string in_words(const Note& note);
// Why specs without a file are kept, and what removes them.
[[nodiscard]] std::string in_words(const KeptSpecs& kept);
// Whether somebody must say that so many specs may be removed.
[[nodiscard]] bool needs_confirmation(const SyncReport& folders);
// That the catalog is made by this command, with the name that was meant if it may be a typing mistake; empty if it is
// there, or if it is the first one and has the default name.
[[nodiscard]] Result<std::string> new_catalog_note(Engine& engine, const std::string& catalog_id);

}  // namespace embedq::cli

#include "cli/index_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

constexpr std::size_t max_listed = 20;    // lines of a kind
constexpr std::size_t max_skipped = 5;    // lines: a repository may have hundreds of other files
constexpr std::size_t max_of_a_line = 3;  // notes or names

// With --quiet, too: what was given and not taken.
enum class Said : std::uint8_t { always, unless_quiet };

void say(Console& console, Said said, std::string_view line) {
    if (said == Said::always) return console.report(line);
    console.note(line);
}

// The first elements as one line each, and how many more there are.
template <class T, class Line>
void print_lines(Console& console, Said said, const std::vector<T>& all, std::size_t most, std::string_view what,
                 Line&& line) {
    for (std::size_t i = 0; i < std::min(all.size(), most); ++i)
        say(console, said, fmt::format("{} {}", what, line(all[i])));
    if (all.size() > most)
        say(console, said, fmt::format("{} {} more; --json lists all", what, count_of(all.size() - most)));
}

std::string refusal_of(const RefusedDocument& document) {
    return fmt::format("{}: {}", plain(document.path), plain(document.reason));
}

std::string notes_of(const DocumentNotes& document) {
    std::string line = fmt::format("of {}: ", plain(document.path));
    line += document.operations_left_out > 0 ? counted(document.operations_left_out, "operation")
                                             : counted(document.notes.size(), "part");
    for (std::size_t i = 0; i < std::min(document.notes.size(), max_of_a_line); ++i)
        line += (i == 0 ? ": " : "; ") + plain(in_words(document.notes[i]));
    if (document.notes.size() > max_of_a_line)
        line += fmt::format("; `embedq specs show {}` lists all", document.spec_name);
    return line;
}

std::string file_of(const GoneSpec& gone) {
    return gone.root + "/" + gone.path;
}

}  // namespace

std::string in_words(const Note& note) {
    return note.where.empty() ? note.reason : note.where + ": " + note.reason;
}

std::string in_words(const KeptSpecs& kept) {
    std::string names;
    for (std::size_t i = 0; i < std::min(kept.specs.size(), max_of_a_line); ++i)
        names += (i == 0 ? "" : ", ") + kept.specs[i].spec_name;
    if (kept.specs.size() > max_of_a_line)
        names += fmt::format(" and {} more", count_of(kept.specs.size() - max_of_a_line));
    const std::string gone = fmt::format(
        "{} of {} of {} {} kept ({})", count_of(kept.specs.size()), counted(kept.of, "spec"), plain(kept.folder),
        kept.specs.size() == 1 ? "has no file any more and is" : "have no file any more and are", names);
    switch (kept.why) {
        case KeptFor::policy: return gone + ": other machines may have the files; --remove-missing removes the specs";
        case KeptFor::empty_folder:
            return gone + ": no document is there, and it may not be mounted; --yes removes the specs";
        case KeptFor::many: break;
    }
    const std::string before =
        kept.removed_before == 0 ? "" : fmt::format(", after {} that were removed", count_of(kept.removed_before));
    return gone + before + "; --yes removes the specs";
}

bool needs_confirmation(const SyncReport& folders) {
    return std::ranges::any_of(folders.kept, [](const KeptSpecs& kept) { return kept.why != KeptFor::policy; });
}

void print_details(Console& console, const IndexReport& report, const SyncReport& folders) {
    print_lines(console, Said::always, report.refused, max_listed, "refused", refusal_of);
    print_lines(console, Said::unless_quiet, report.skipped, max_skipped, "skipped", refusal_of);
    print_lines(console, Said::always, report.notes, max_listed, "left out", notes_of);
    print_lines(console, Said::unless_quiet, report.renamed, max_listed, "renamed",
                [](const RenamedSpec& spec) { return fmt::format("{} to {}", spec.from, spec.to); });
    print_lines(console, Said::unless_quiet, folders.removed, max_listed, "removed", [](const GoneSpec& gone) {
        return fmt::format("{}: {} does not exist any more", gone.spec_name, plain(file_of(gone)));
    });
    for (const KeptSpecs& kept : folders.kept) {
        const Said said = kept.why == KeptFor::policy ? Said::unless_quiet : Said::always;
        say(console, said, fmt::format("embedq: {}", in_words(kept)));
    }
}

Json json_of(const RefusedDocument& document) {
    return {{"path", document.path}, {"reason", document.reason}};
}

Json json_of(const Note& note) {
    return {{"where", note.where}, {"reason", note.reason}};
}

void add_details(Json& json, const IndexReport& report, const SyncReport& folders) {
    const auto list = [&](const char* name, const auto& all, auto&& one) {
        json[name] = Json::array();
        for (const auto& each : all) json[name].push_back(one(each));
    };
    const auto refusal = [](const RefusedDocument& document) { return json_of(document); };
    list("refused", report.refused, refusal);
    list("skipped", report.skipped, refusal);
    list("notes", report.notes, [](const DocumentNotes& document) {
        Json notes = Json::array();
        for (const Note& note : document.notes) notes.push_back(json_of(note));
        return Json{{"spec_name", document.spec_name},
                    {"path", document.path},
                    {"operations_left_out", document.operations_left_out},
                    {"notes", std::move(notes)}};
    });
    list("renamed", report.renamed, [](const RenamedSpec& spec) { return Json{{"from", spec.from}, {"to", spec.to}}; });
    const auto gone = [](const GoneSpec& each) { return Json{{"spec_name", each.spec_name}, {"path", file_of(each)}}; };
    list("removed", folders.removed, gone);
    json["missing"] = Json::array();
    for (const KeptSpecs& kept : folders.kept) {
        for (const GoneSpec& each : kept.specs) json["missing"].push_back(gone(each));
    }
}

Result<std::string> new_catalog_note(Engine& engine, const std::string& catalog_id) {
    const auto catalogs = engine.catalogs();
    if (!catalogs) return std::unexpected(catalogs.error());
    std::vector<std::string> names;
    for (const CatalogInfo& catalog : *catalogs) names.push_back(catalog.catalog_id);
    if (std::ranges::count(names, catalog_id) > 0 || (names.empty() && catalog_id == "default")) return std::string();
    const auto meant = nearest(catalog_id, names);
    return fmt::format("new catalog '{}'{}", catalog_id,
                       meant ? fmt::format("; there is one that is called '{}'", *meant) : "");
}

}  // namespace embedq::cli

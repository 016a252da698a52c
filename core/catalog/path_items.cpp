#include "catalog/path_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace embedq::catalog {
namespace {

constexpr std::size_t max_notes = 20;
constexpr std::size_t max_links = 16;  // of one chain

}  // namespace

void Notes::add(std::string note) {
    if (notes_.size() < max_notes - 1) {
        notes_.push_back(std::move(note));
    } else {
        ++left_out_;
    }
}

std::vector<std::string> Notes::take() {
    if (left_out_ > 0) notes_.push_back(fmt::format("and {} more like these", left_out_));
    return std::move(notes_);
}

Status PathItems::resolve(const RawDocument& raw, DocumentReader& reader) {
    std::set<JsonPointer> asked;
    std::vector<JsonPointer> next;
    const auto ask = [&](const RawPathItem& item) {
        auto pointer = local_pointer(item.ref);
        if (pointer && asked.insert(*pointer).second) next.push_back(std::move(*pointer));
    };
    for (const auto& [path, item] : raw.paths) ask(item);
    for (std::size_t link = 0; link < max_links && !next.empty(); ++link) {
        auto found = reader.find(std::exchange(next, {}));
        if (!found) return std::unexpected(std::move(found.error()));
        for (const auto& [pointer, item] : *found) ask(item);
        found_.merge(*found);
    }
    return {};
}

std::vector<const RawPathItem*> PathItems::chain(std::string_view path, const RawPathItem& item, Notes& notes) const {
    std::vector<const RawPathItem*> items{&item};
    std::set<JsonPointer> followed;
    for (const RawPathItem* at = &item; !at->ref.empty();) {
        const auto pointer = local_pointer(at->ref);
        if (!pointer) {
            notes.add(fmt::format("the path {} refers to \"{}\", which is not in this document and is not fetched",
                                  path, at->ref));
            break;
        }
        if (!followed.insert(*pointer).second) {
            notes.add(fmt::format("the path {} refers to itself by \"{}\"", path, at->ref));
            break;
        }
        const auto target = found_.find(*pointer);
        if (followed.size() > max_links) {
            notes.add(fmt::format("the path {} refers through more than {} references, of which no more are followed",
                                  path, max_links));
            break;
        }
        if (target == found_.end()) {
            notes.add(fmt::format("the path {} refers to \"{}\", where there is no path item", path, at->ref));
            break;
        }
        at = &target->second;
        if (std::ranges::find(items, at) == items.end()) items.push_back(at);
    }
    return items;
}

}  // namespace embedq::catalog

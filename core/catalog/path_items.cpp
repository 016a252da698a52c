#include "catalog/path_items.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_links = 16;  // of one chain

}  // namespace

std::vector<std::string> Notes::take() {
    if (left_out_ > 0) notes_.push_back(fmt::format("and {} more like these", left_out_));
    return std::move(notes_);
}

Status PathItems::resolve(const RawDocument& raw, DocumentReader& reader) {
    std::set<JsonPointer> asked;
    std::vector<JsonPointer> next;
    std::vector<std::pair<const RawPathItem*, const JsonPointer*>> referring;
    const auto ask = [&](const RawPathItem& item) {
        if (item.ref.empty()) return;
        auto pointer = local_pointer(item.ref);
        if (!pointer) {
            links_.emplace(&item, Link{});
            return;
        }
        const auto [place, is_new] = asked.insert(std::move(*pointer));
        if (is_new) next.push_back(*place);
        referring.emplace_back(&item, &*place);
    };
    for (const auto& [path, item] : raw.paths) ask(item);
    for (std::size_t link = 0; link < max_links && !next.empty(); ++link) {
        auto found = reader.find(std::exchange(next, {}));
        if (!found) return std::unexpected(std::move(found.error()));
        for (const auto& [pointer, item] : *found) ask(item);
        found_.merge(*found);
    }
    for (const auto& [item, pointer] : referring) {
        const auto target = found_.find(*pointer);
        links_.emplace(item, Link{true, target == found_.end() ? nullptr : &target->second});
    }
    return {};
}

std::vector<const RawPathItem*> PathItems::chain(std::string_view path, const RawPathItem& item, Notes& notes) const {
    std::vector<const RawPathItem*> items{&item};
    std::set<const RawPathItem*> followed;
    for (const RawPathItem* at = &item; !at->ref.empty();) {
        const Link link = links_.at(at);
        if (!link.is_local) {
            notes.add([&] {
                return fmt::format("the path {} refers to \"{}\", which is not in this document and is not fetched",
                                   shown(path), shown(at->ref));
            });
            break;
        }
        if (followed.contains(link.target)) {
            notes.add(
                [&] { return fmt::format("the path {} refers to itself by \"{}\"", shown(path), shown(at->ref)); });
            break;
        }
        if (followed.size() >= max_links) {
            notes.add([&] {
                return fmt::format("the path {} refers through more than {} references, of which no more are followed",
                                   shown(path), max_links);
            });
            break;
        }
        if (link.target == nullptr) {
            notes.add([&] {
                return fmt::format("the path {} refers to \"{}\", where there is no path item", shown(path),
                                   shown(at->ref));
            });
            break;
        }
        followed.insert(link.target);
        at = link.target;
        items.push_back(at);
    }
    return items;
}

}  // namespace embedq::catalog

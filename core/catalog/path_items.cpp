#include "catalog/path_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_links = 16;  // of one chain
constexpr std::string_view not_followed_here = "is not in this document, and is not followed";

}  // namespace

std::string reference_as_written(std::string_view reference) {
    constexpr std::string_view to_parts = "#/x-embedq-parts/";
    static_assert(to_parts.substr(2, parts_key.size()) == parts_key);
    if (!reference.starts_with(to_parts)) return std::string(reference);
    const std::string_view rest = reference.substr(to_parts.size());
    const auto name = rest.substr(0, rest.find('/'));
    const std::string_view in_part = rest.substr(name.size());
    return fmt::format("{}{}{}", local_pointer(fmt::format("#/{}", name))->front(), in_part.empty() ? "" : "#",
                       in_part);
}

Status add_referenced_paths(RawDocument& raw, DocumentReader& reader) {
    if (raw.paths_ref.empty()) return {};
    std::set<JsonPointer> followed;
    const auto end = [&raw](std::string ref, std::string_view reason) {
        raw.paths_ref = std::move(ref);
        raw.paths_ref_reason = reason;
    };
    while (!raw.paths_ref.empty() && raw.paths_ref_reason.empty()) {
        std::string ref = std::exchange(raw.paths_ref, {});
        const auto pointer = local_pointer(ref, raw.self);
        if (!pointer) {
            const auto entry = std::ranges::find(raw.unfollowed, ref, &RawUnfollowed::reference);
            end(std::move(ref), entry == raw.unfollowed.end() ? not_followed_here : std::string_view(entry->reason));
        } else if (!followed.insert(*pointer).second || followed.size() > max_links) {
            end(std::move(ref), "leads back to itself");
        } else if (auto found = reader.find_paths(*pointer, raw); !found) {
            return std::unexpected(std::move(found.error()));
        } else if (!*found) {
            end(std::move(ref), "leads to nothing");
        }
    }
    std::set<std::string> seen;
    std::erase_if(raw.paths, [&](const auto& entry) { return !seen.insert(entry.first).second; });
    return {};
}

Status PathItems::resolve(const RawDocument& raw, DocumentReader& reader) {
    // The first entry of several for a reference counts.
    std::map<std::string_view, const RawUnfollowed*> unfollowed;
    for (const auto& entry : raw.unfollowed) unfollowed.emplace(entry.reference, &entry);
    std::set<JsonPointer> asked;
    std::vector<JsonPointer> next;
    std::vector<std::pair<const std::string*, const JsonPointer*>> referring;
    const auto ask = [&](const std::string& ref) {
        if (ref.empty()) return;
        auto pointer = local_pointer(ref, raw.self);
        if (!pointer) {
            const auto known = unfollowed.find(ref);
            const RawUnfollowed* const entry = known == unfollowed.end() ? nullptr : known->second;
            links_.emplace(&ref, Link{.unfollowed = entry});
            if (entry != nullptr) reported_.insert(entry);
            return;
        }
        const auto [place, is_new] = asked.insert(std::move(*pointer));
        if (is_new) next.push_back(*place);
        referring.emplace_back(&ref, &*place);
    };
    const auto ask_all = [&](const RawPathItem& item) {
        ask(item.ref);
        for (const auto& operation : item.operations) ask(operation.ref);
    };
    for (const RawItems* const items : {&raw.paths, &raw.webhooks}) {
        for (const auto& [name, item] : *items) ask_all(item);
    }
    for (std::size_t link = 0; link < max_links && !next.empty(); ++link) {
        auto found = reader.find(std::exchange(next, {}));
        if (!found) return std::unexpected(std::move(found.error()));
        for (const auto& [pointer, item] : *found) ask_all(item);
        found_.merge(*found);
    }
    for (const auto& [ref, pointer] : referring) {
        const auto target = found_.find(*pointer);
        links_.emplace(ref, Link{.is_local = true, .target = target == found_.end() ? nullptr : &target->second});
    }
    return {};
}

PathItems::Chain PathItems::follow(const std::string& ref) const {
    Chain chain;
    std::set<const RawPathItem*> followed;
    for (const std::string* at = &ref; !at->empty();) {
        const auto known = links_.find(at);
        const Link link = known == links_.end() ? Link{} : known->second;
        chain.end = !link.is_local                   ? End::remote
                    : followed.contains(link.target) ? End::cycle
                    : followed.size() >= max_links   ? End::too_long
                    : link.target == nullptr         ? End::missing
                                                     : End::complete;
        if (chain.end != End::complete) {
            chain.not_followed = at;
            chain.unfollowed = link.unfollowed;
            break;
        }
        followed.insert(link.target);
        chain.items.push_back(link.target);
        at = &link.target->ref;
    }
    return chain;
}

std::string PathItems::Chain::reason() const {
    const std::string_view why = unfollowed != nullptr  ? std::string_view(unfollowed->reason)
                                 : end == End::remote   ? not_followed_here
                                 : end == End::cycle    ? "leads back to itself"
                                 : end == End::too_long ? "is behind more references than are followed"
                                                        : "leads to nothing";
    return fmt::format("the reference \"{}\" {}", shown(reference_as_written(*not_followed)), why);
}

bool PathItems::is_used(const std::string& name) const {
    return found_.contains({"components", "pathItems", name});
}

}  // namespace embedq::catalog

#include "catalog/path_items.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_links = 16;  // of one chain

}  // namespace

Status PathItems::resolve(const RawDocument& raw, DocumentReader& reader) {
    std::set<JsonPointer> asked;
    std::vector<JsonPointer> next;
    std::vector<std::pair<const std::string*, const JsonPointer*>> referring;
    const auto ask = [&](const std::string& ref) {
        if (ref.empty()) return;
        auto pointer = local_pointer(ref, raw.self);
        if (!pointer) {
            links_.emplace(&ref, Link{});
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
        links_.emplace(ref, Link{true, target == found_.end() ? nullptr : &target->second});
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
            break;
        }
        followed.insert(link.target);
        chain.items.push_back(link.target);
        at = &link.target->ref;
    }
    return chain;
}

std::string PathItems::Chain::reason() const {
    const std::string_view why = end == End::remote     ? "is not in this document, and is not followed"
                                 : end == End::cycle    ? "leads back to itself"
                                 : end == End::too_long ? "is behind more references than are followed"
                                                        : "leads to nothing";
    return fmt::format("the reference \"{}\" {}", shown(*not_followed), why);
}

bool PathItems::is_used(const std::string& name) const {
    return found_.contains({"components", "pathItems", name});
}

}  // namespace embedq::catalog

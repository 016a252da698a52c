#include "catalog/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "catalog/canonical_text.h"
#include "catalog/dialect.h"
#include "catalog/encoding.h"
#include "catalog/hash.h"
#include "catalog/hidden.h"
#include "catalog/notes.h"
#include "catalog/path_items.h"
#include "catalog/prose.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_id_bytes = 512;
constexpr std::size_t id_hash_digits = 16;
constexpr std::size_t max_title_bytes = 1'000;
constexpr std::size_t max_version_bytes = 200;
constexpr std::size_t max_description_bytes = 65'536;
constexpr std::string_view extension_reason = "extensions are not indexed";

// Control characters do not belong in an id or a path, and databases refuse some: they become U+FFFD.
std::string without_controls(std::string text) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::none_of(text, is_control)) return text;
    std::string out;
    for (const char c : text) out.append(is_control(c) ? std::string_view("\xef\xbf\xbd") : std::string_view(&c, 1));
    return out;
}

std::string bounded_id(std::string id) {
    if (id.size() <= max_id_bytes) return id;
    const std::string hash = to_hex(sha256(id)).substr(0, id_hash_digits);
    id.resize(utf8_floor(id, max_id_bytes - id_hash_digits - 1));
    return fmt::format("{}~{}", id, hash);
}

std::string bounded(std::string text, std::size_t max_bytes) {
    text.resize(utf8_floor(text, max_bytes));
    return text;
}

// An operation's texts and its id without its path.
struct Prepared {
    TextParts parts;
    std::string id;  // empty if the document gives none
};

Prepared prepared(const RawOperation& raw, const RawPathItem& item, const TagTexts& tag_texts) {
    const bool silent = raw.summary.empty() && raw.description.empty();
    const bool given = raw.operation_id.find_first_not_of(" \t\r\n") != std::string::npos;
    return {.parts = text_parts(raw, silent ? item.summary : raw.summary, silent ? item.description : raw.description,
                                tag_texts),
            .id = given ? bounded_id(without_controls(raw.operation_id)) : std::string()};
}

std::string why_no_operations(const RawDocument& raw) {
    const std::string_view also = raw.webhooks.empty() ? "" : "; its webhooks are not indexed";
    if (raw.paths_kind.empty()) {
        return fmt::format("the document has no \"paths\", so it has no operations{}; its keys are {}", also,
                           fmt::join(raw.root_keys, ", "));
    }
    if (raw.paths.empty() && raw.paths_ref.empty()) return fmt::format("\"paths\" is empty{}", also);
    return fmt::format("no operation was taken from {} path{}", raw.paths.size(), raw.paths.size() == 1 ? "" : "s");
}

// Collects operations and keeps them within the limits.
class Assembler {
public:
    Assembler(const Limits& limits, Work& work, const PathItems& path_items, std::string dialect)
        : limits_(limits), work_(work), path_items_(path_items), dialect_(std::move(dialect)) {}

    // The paths are empty afterwards.
    Status add_paths(RawDocument& raw) {
        if (is_3_2_) tag_texts_ = tag_texts(raw.tags);
        if (!raw.paths_ref.empty()) {
            notes_.add_left_out([&] {
                return Note{"paths.$ref",
                            fmt::format("the reference \"{}\" {}", shown(reference_as_written(raw.paths_ref)),
                                        shown(raw.paths_ref_reason))};
            });
        }
        for (const auto& key : raw.misspelt) {
            notes_.add([&] { return Note{made_visible(key), std::string(unseen_reason)}; });
        }
        for (const auto& key : raw.misplaced) {
            notes_.add_left_out(
                [&] { return Note{shown(key), "it stands outside of \"paths\"; its indentation may be wrong"}; });
        }
        for (auto& [path, item] : raw.paths) {
            if (auto status = add_path(path, item); !status) return status;
            item = {};
        }
        if (operations_.empty()) notes_.add_first({"paths", why_no_operations(raw)});
        return {};
    }

    // The path's own item comes first, then those it refers to, which other paths may refer to as well.
    Status add_path(std::string path, const RawPathItem& own) {
        if (has_hidden(path)) notes_.add([&] { return Note{place_of(path), std::string(unseen_reason)}; });
        path = without_controls(std::move(path));
        const PathItems::Chain chain = path_items_.follow(own.ref);
        if (chain.not_followed != nullptr) notes_.add_left_out([&] { return Note{place_of(path), chain.reason()}; });
        Methods methods{.is_cycle = chain.end == PathItems::End::cycle};
        if (Status added = add_item(path, own, true, methods); !added) return added;
        for (const RawPathItem* const item : chain.items) {
            if (Status added = add_item(path, *item, false, methods); !added) return added;
        }
        return {};
    }

    // Webhooks, extensions, and path items that no path has, are operations that are not taken.
    void leave_out(const RawDocument& raw) {
        for (const auto& [name, item] : raw.webhooks) leave_out("webhooks", name, item, "webhooks are not indexed");
        for (const auto& [name, item] : raw.x_webhooks) leave_out("x-webhooks", name, item, extension_reason);
        for (const auto& [name, item] : raw.x_ms_paths) leave_out("x-ms-paths", name, item, extension_reason);
        for (const auto& [name, item] : raw.path_items) {
            if (!path_items_.is_used(name)) leave_out("components.pathItems", name, item, "no path refers to it");
        }
    }

    // References that a bundle did not follow, of whatever is not an operation.
    void note_unfollowed(const RawDocument& raw) {
        for (const auto& entry : raw.unfollowed) {
            if (path_items_.refers_to(entry)) continue;
            if (!entry.reference.empty() && entry.reference == raw.paths_ref) continue;
            notes_.add([&] {
                if (!entry.more.empty())
                    return Note{"", fmt::format("{} more references are not followed", shown(entry.more))};
                if (entry.reference.empty()) return Note{shown(entry.where), shown(entry.reason)};
                return Note{shown(entry.where),
                            fmt::format("the reference \"{}\" {}", shown(entry.reference), shown(entry.reason))};
            });
        }
    }

    // Ids are assigned last, since an id depends on which others are claimed.
    Status assign_ids() {
        // Ordered, since a document may be made so that its ids collide in a hash table.
        std::map<std::string_view, std::size_t> claims;
        for (const auto& operation : operations_) ++claims[operation.operation_id];
        std::set<std::string> taken;
        std::vector<Operation*> contested;
        for (auto& operation : operations_) {
            if (claims[operation.operation_id] > 1) {
                contested.push_back(&operation);
            } else {
                taken.insert(operation.operation_id);
            }
        }
        for (Operation* const operation : contested) {
            if (!assign_suffixed_id(*operation, taken)) {
                return fail(
                    ErrorKind::invalid_argument,
                    fmt::format("the operationId \"{}\" is used by several operations, and so is every id made from it",
                                operation->operation_id));
            }
        }
        return {};
    }

    Notes& notes() { return notes_; }
    void move_to(Document& document) {
        document.operations = std::move(operations_);
        notes_.append(std::move(not_indexed_));
        notes_.move_to(document);
    }

private:
    struct Methods {
        std::set<std::string_view> seen;
        bool is_cycle = false;  // so that an item comes up again
    };

    Status add_item(const std::string& path, const RawPathItem& item, bool is_own, Methods& methods) {
        for (const auto& ignored : item.ignored) {
            const auto note = [&] { return Note{place_of(path, ignored.key), reason_of(ignored, item)}; };
            if (ignored.is_operation) {
                notes_.add_left_out(note);
            } else {
                notes_.add(note);
            }
        }
        if (item.is_null) notes_.add([&] { return Note{place_of(path), "it is null, expected an object"}; });
        if (has_no_method(path, item)) {
            notes_.add_left_out([&] {
                return Note{place_of(path), is_method_key(path)
                                                ? "it stands beside the paths; its indentation may be wrong"
                                                : "it has fields of an operation, and no method above them"};
            });
        }
        for (const auto& raw : item.operations) {
            if (!work_.go_on()) return std::unexpected(work_.error());
            if (!is_taken(path, raw, methods)) continue;
            if (Status added = add_operation(path, raw, item, is_own); !added) return added;
        }
        return {};
    }

    // Whether an operation has a path's place.
    static bool has_no_method(const std::string& path, const RawPathItem& item) {
        return !item.is_null && item.operations.empty() && item.ignored.empty() && item.ref.empty() &&
               (item.has_fields_of_operations || is_method_key(path));
    }

    bool is_taken(const std::string& path, const RawOperation& raw, Methods& methods) {
        if (raw.is_3_2 && !is_3_2_) {
            notes_.add_left_out([&] {
                return Note{place_of(path, raw.key),
                            fmt::format("OpenAPI has it since 3.2, and the document is in {}", dialect_)};
            });
            return false;
        }
        if (methods.seen.insert(raw.method).second) return true;
        if (!methods.is_cycle) {
            notes_.add_left_out([&] {
                return Note{place_of(path, raw.key), fmt::format("the path has another operation {}", raw.method)};
            });
        }
        return false;
    }

    Status add_operation(const std::string& path, const RawOperation& raw, const RawPathItem& item, bool is_own) {
        for (const auto& callback : raw.callbacks.places) {
            not_indexed_.add_left_out([&] {
                return Note{fmt::format("{}.callbacks.{}", place_of(path, raw.key), callback),
                            "callbacks are not indexed"};
            });
        }
        not_indexed_.count_left_out(raw.callbacks.count - raw.callbacks.places.size());
        const RawPathItem* const target = raw.ref.empty() ? nullptr : target_of(path, raw);
        if (target != nullptr) return add(shared(*target), raw, path);
        if (!raw.ref.empty() && !has_texts(raw)) return {};
        return is_own ? add(prepared(raw, item, tag_texts_), raw, path) : add(shared(raw, item), raw, path);
    }

    static bool has_texts(const RawOperation& raw) {
        return !raw.operation_id.empty() || !raw.summary.empty() || !raw.description.empty();
    }

    // What an operation's reference leads to; null, with a note, if that is no operation. What stands beside the
    // reference is then the operation.
    const RawPathItem* target_of(const std::string& path, const RawOperation& raw) {
        const PathItems::Chain chain = path_items_.follow(raw.ref);
        const RawPathItem* const target = chain.items.empty() ? nullptr : chain.items.back();
        const bool is_item = target != nullptr && !target->operations.empty() && !target->has_fields_of_operations;
        if (chain.not_followed == nullptr && !is_item) return target;
        const auto note = [&] {
            return Note{
                place_of(path, raw.key),
                is_item ? fmt::format("the reference \"{}\" leads to a path item, not to an operation", shown(raw.ref))
                        : chain.reason()};
        };
        if (has_texts(raw)) {
            notes_.add(note);
        } else {
            notes_.add_left_out(note);
        }
        return nullptr;
    }

    static std::string place_of(std::string_view path, std::string_view key = {}) {
        return fmt::format("paths.{}{}{}", shown(path), key.empty() ? "" : ".", shown(key));
    }

    static std::string reason_of(const RawIgnored& ignored, const RawPathItem& item) {
        const bool is_beside = item.has_fields_of_operations && !ignored.key.empty();
        return fmt::format("{}{}", ignored.reason,
                           is_beside ? "; fields of an operation stand beside it, where they should be under it" : "");
    }

    void leave_out(std::string_view section, std::string_view name, const RawPathItem& item, std::string_view reason) {
        const auto note = [&](std::string_view key) {
            not_indexed_.add_left_out([&] {
                return Note{fmt::format("{}.{}{}{}", section, shown(name), key.empty() ? "" : ".", shown(key)),
                            std::string(reason)};
            });
        };
        if (!item.ref.empty()) note("$ref");
        for (const auto& operation : item.operations) note(operation.key);
        for (const auto& ignored : item.ignored) {
            if (ignored.is_operation) note(ignored.key);
        }
    }

    const Prepared& shared(const RawOperation& raw, const RawPathItem& item) {
        const auto known = shared_.find(&raw);
        return known != shared_.end() ? known->second
                                      : shared_.emplace(&raw, prepared(raw, item, tag_texts_)).first->second;
    }

    // Of an operation that others refer to.
    const Prepared& shared(const RawPathItem& target) {
        const auto known = shared_.find(&target);
        if (known != shared_.end()) return known->second;
        RawOperation raw;
        raw.operation_id = target.operation_id;
        raw.summary = target.summary;
        raw.description = target.description;
        raw.tags = target.tags;
        return shared_.emplace(&target, prepared(raw, {}, tag_texts_)).first->second;
    }

    Status add(const Prepared& prepared, const RawOperation& raw, const std::string& path) {
        auto canonical = canonical_text(prepared.parts, raw.method, path, limits_.max_text_bytes);
        total_bytes_ += canonical.text.size() + path.size() + prepared.parts.tag_line.size();
        if (operations_.size() >= limits_.max_operations) {
            return fail(ErrorKind::invalid_argument,
                        fmt::format("the document has more than {} operations", limits_.max_operations), "split it");
        }
        if (total_bytes_ > limits_.max_total_text_bytes) {
            return fail(ErrorKind::invalid_argument,
                        fmt::format("the texts of the document's operations have more than {} bytes",
                                    limits_.max_total_text_bytes),
                        "split it");
        }
        if (prepared.parts.tags_left_out) {
            notes_.add([&] {
                return Note{
                    fmt::format("{}.tags", place_of(path, raw.key)),
                    fmt::format("the first {} KiB of the tags are read", prepared.parts.tag_line.size() >> 10U)};
            });
        }
        Operation& operation = operations_.emplace_back();
        operation.operation_id = prepared.id.empty() ? bounded_id(fmt::format("{} {}", raw.method, path)) : prepared.id;
        operation.method = raw.method;
        operation.path = path;
        operation.summary = prepared.parts.shown_summary;
        operation.tags = prepared.parts.tags;
        operation.text = std::move(canonical.text);
        operation.text_hash = sha256(operation.text);
        operation.cut_bytes = canonical.cut_bytes;
        return {};
    }

    static bool assign_suffixed_id(Operation& operation, std::set<std::string>& taken) {
        const std::string hash = to_hex(sha256(fmt::format("{} {}", operation.method, operation.path)));
        for (const std::size_t digits : {8U, 16U, 32U, 64U}) {
            auto [id, is_new] = taken.insert(fmt::format("{}~{}", operation.operation_id, hash.substr(0, digits)));
            if (!is_new) continue;
            operation.operation_id = *id;
            return true;
        }
        return false;
    }

    const Limits& limits_;
    Work& work_;
    const PathItems& path_items_;
    const std::string dialect_;
    const bool is_3_2_ = dialect_.starts_with("OpenAPI 3.2");
    TagTexts tag_texts_;
    std::unordered_map<const void*, Prepared> shared_;  // by the operation, or by the item that is one
    std::vector<Operation> operations_;
    std::size_t total_bytes_ = 0;
    Notes notes_;
    Notes not_indexed_;
};

}  // namespace

Result<Document> assemble(RawDocument raw, DocumentReader& reader, const Limits& limits, Work& work) {
    auto dialect = dialect_of(raw);
    if (!dialect) return std::unexpected(std::move(dialect.error()));
    if (raw.cut) return std::unexpected(std::move(*raw.cut));
    if (!raw.paths_kind.empty() && raw.paths_kind != "object" && raw.paths_kind != "null") {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("\"paths\" is {}, expected an object of path items", with_article(raw.paths_kind)));
    }

    PathItems path_items;
    if (auto status = add_referenced_paths(raw, reader); !status) return std::unexpected(std::move(status.error()));
    if (auto status = path_items.resolve(raw, reader); !status) return std::unexpected(std::move(status.error()));
    Assembler assembler(limits, work, path_items, *dialect);
    if (auto status = assembler.add_paths(raw); !status) return std::unexpected(std::move(status.error()));
    assembler.leave_out(raw);
    assembler.note_unfollowed(raw);
    if (raw.maybe_cut) assembler.notes().add_first(std::move(*raw.maybe_cut));
    if (auto status = assembler.assign_ids(); !status) return std::unexpected(std::move(status.error()));

    Document document;
    document.title = bounded(plain_prose(raw.title), max_title_bytes);
    document.version = bounded(plain_prose(raw.version), max_version_bytes);
    document.description = bounded(std::move(raw.description), max_description_bytes);
    std::ranges::replace(document.description, '\0', ' ');
    document.dialect = std::move(*dialect);
    assembler.move_to(document);
    return document;
}

}  // namespace embedq::catalog

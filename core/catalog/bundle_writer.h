// Writes a document and its parts as one.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/bundle_parts.h"
#include "catalog/work.h"

namespace embedq::catalog {

class BundleWriter {
public:
    BundleWriter(std::deque<BundlePart>& parts, std::size_t max_bytes, Work& work)
        : parts_(parts), max_bytes_(max_bytes), work_(work) {}

    // The bundle; `invalid_argument` if it is longer than allowed, or if the work is over.
    [[nodiscard]] Result<std::string> write();

private:
    // What a reference becomes.
    struct Target {
        std::string reference;           // within the bundle, or as written
        const YamlNode* text = nullptr;  // the string that it leads to, which replaces it
        std::string reason = {};         // why it is not followed; empty if it is
    };

    void write_key(std::string_view key, bool first);
    void write_text(std::string_view text);
    void write_scalar(const YamlNode& node);
    // `mapping` is the map in it that maps a discriminator; null for none.
    [[nodiscard]] bool write_node(std::size_t part, const YamlNode& node, const YamlNode* mapping = nullptr);
    [[nodiscard]] bool write_fields(std::size_t part, const NodeFields& fields, const Target* target,
                                    const YamlNode* mapping);
    [[nodiscard]] bool write_mapping(std::size_t part, const YamlNode& mapping);
    [[nodiscard]] bool write_root();
    void write_unfollowed();

    [[nodiscard]] const Target& target_of(std::size_t part, const std::string& reference);
    [[nodiscard]] Target make_target(std::size_t part, const std::string& reference);
    [[nodiscard]] std::string prefix_of(std::size_t part) const;

    std::deque<BundlePart>& parts_;
    const std::size_t max_bytes_;
    Work& work_;
    std::string out_;
    std::map<std::pair<std::size_t, std::string>, Target> targets_;
};

}  // namespace embedq::catalog

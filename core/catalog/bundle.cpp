#include "catalog/bundle.h"

#include <algorithm>
#include <utility>

#include "catalog/bundle_parts.h"
#include "catalog/bundle_writer.h"
#include "catalog/part_tree.h"
#include "catalog/work.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view ref_key = "$ref";
constexpr std::string_view space_or_line_end = " \t\r\n";

// Whether what follows the key "$ref" may refer outside: anything but a quoted text that begins with "#", or an object.
bool may_lead_outside(std::string_view rest) {
    if (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(space_or_line_end), rest.size()));
    if (!rest.starts_with(':')) return false;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(space_or_line_end), rest.size()));
    return !rest.starts_with("\"#") && !rest.starts_with("'#") && !rest.starts_with('{');
}

bool is_document(PartTree& tree) {
    return tree.field(*tree.root(), "openapi") != nullptr || tree.field(*tree.root(), "swagger") != nullptr;
}

}  // namespace

bool may_refer_outside(std::string_view content) {
    for (auto at = content.find(ref_key); at != std::string_view::npos;
         at = content.find(ref_key, at + ref_key.size())) {
        if (may_lead_outside(content.substr(at + ref_key.size()))) return true;
    }
    return false;
}

Result<Bundle> bundle(std::string content, PartSource& source, const BundleLimits& bundle_limits, const Limits& limits,
                      const ReadingControl& control) {
    Bundle result;
    const auto as_it_is = [&] {
        result.content = std::move(content);
        return std::move(result);
    };
    if (!may_refer_outside(content)) return as_it_is();
    Work work(limits, control, "YAML");
    auto document = PartTree::read(content, limits, work);
    if (!document && !work.look()) return std::unexpected(work.error());
    if (!document || document->cut() || document->root()->kind != YamlNode::Kind::map) return as_it_is();
    // A part that is walked like a document, or another kind of document: what it refers to is not its parts.
    if (!is_document(*document)) return as_it_is();
    PartLoader loader(source, bundle_limits, limits, work, control.stop);
    if (!loader.load(std::move(*document), content.size())) return std::unexpected(work.error());
    std::deque<BundlePart>& parts = loader.parts();
    if (parts.front().references.empty()) return as_it_is();
    result.is_bundle = true;
    result.unavailable = std::move(loader.unavailable());
    auto written = BundleWriter(parts, limits.max_document_bytes, work).write();
    if (!written) return std::unexpected(std::move(written.error()));
    result.content = std::move(*written);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (!is_document(parts[i].tree)) result.parts.push_back(parts[i].place);
    }
    std::ranges::sort(result.parts, {}, &PartPlace::name);
    return result;
}

}  // namespace embedq::catalog

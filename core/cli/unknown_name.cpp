#include "cli/unknown_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/document_finder.h"
#include "cli/present.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

Error unknown(std::string_view what, const std::string& name, const std::vector<std::string>& known, std::string hint) {
    const auto meant = nearest(name, known);
    return {.kind = ErrorKind::not_found,
            .message = fmt::format("{} '{}'{}", what, plain(name),
                                   meant ? fmt::format(", did you mean '{}'?", plain(*meant)) : ""),
            .hint = std::move(hint)};
}

Error unknown_spec(Engine& engine, const Error& error, const std::vector<std::string>& catalogs,
                   const std::string& spec) {
    std::vector<std::string> names;
    for (const std::string& id : catalogs) {
        const Status read = each_spec(engine, id, [&](const SpecInfo& info) { names.push_back(info.spec_name); });
        if (!read) return error;
    }
    if (std::ranges::count(names, spec) > 0) return error;
    const bool in_one = catalogs.size() == 1;
    return unknown(in_one ? fmt::format("catalog '{}' has no spec", plain(catalogs.front())) : "no catalog has a spec",
                   spec, names,
                   fmt::format("embedq specs list --catalog {} shows all specs", in_one ? catalogs.front() : "ID"));
}

}  // namespace

Error with_nearest_name(Engine& engine, const Error& error, const std::optional<std::string>& catalog,
                        const std::optional<std::string>& spec) {
    if (error.kind != ErrorKind::not_found) return error;
    const auto catalogs = engine.catalogs();
    if (!catalogs) return error;
    std::vector<std::string> ids;
    for (const CatalogInfo& each : *catalogs) ids.push_back(each.catalog_id);
    if (catalog) {
        if (std::ranges::count(ids, *catalog) == 0)
            return unknown("there is no catalog", *catalog, ids, "embedq catalogs list shows all catalogs");
        ids = {*catalog};
    }
    return spec && !ids.empty() ? unknown_spec(engine, error, ids, *spec) : error;
}

}  // namespace embedq::cli

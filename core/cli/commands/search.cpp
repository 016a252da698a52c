#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {

int run_search(Session& session, const SearchArguments& arguments) {
    if (arguments.query.find_first_not_of(" \t\r\n\v\f") == std::string::npos) {
        return tell(session,
                    Failure{exit_usage, {"the question is empty; write what to look for, such as embedq search \"cancel an order\""}});
    }
    auto runtime = session.installation.open({});
    if (!runtime) return tell(session, runtime.error());
    SearchRequest request;
    request.query = arguments.query;
    request.catalog_id = arguments.catalog;
    request.mode = arguments.mode;
    request.limit = arguments.limit;
    const auto response = (*runtime)->engine().search(request);
    if (!response) return tell(session, response.error());
    Console& console = session.console;
    if (session.json) {
        console.print(dump(json_of(*response)));
        return exit_done;
    }
    if (!response->fallback_reason.empty()) {
        console.note(fmt::format("ranking: {} instead of {}: {} ({})", name_of(response->ranking), name_of(arguments.mode),
                                 response->fallback_detail.empty() ? "no better ranking is possible now" : response->fallback_detail,
                                 response->fallback_reason));
    } else {
        console.note(fmt::format("ranking: {}", name_of(response->ranking)));
    }
    if (response->hits.empty()) {
        console.note("no operation matches");
        return exit_done;
    }
    Table table({"#", "SCORE", "OPERATION", "SPEC", "SUMMARY"});
    std::size_t rank = 0;
    for (const SearchHit& hit : response->hits) {
        std::string spec = arguments.catalog ? hit.spec_name : fmt::format("{}/{}", hit.catalog_id, hit.spec_name);
        table.add({std::to_string(++rank), fmt::format("{:.3f}", hit.score), fmt::format("{} {}", hit.method, hit.path), std::move(spec),
                   hit.summary.empty() ? hit.operation_id : hit.summary},
                  Colour::bold, 2);
    }
    table.print(console);
    return exit_done;
}

}  // namespace embedq::cli

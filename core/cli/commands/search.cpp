#include <fmt/format.h>

#include <string>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {

namespace {

bool is_blank(const std::string& query) {
    return query.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
}

void print_table(Console& console, const SearchResponse& response, const SearchArguments& arguments) {
    if (!response.fallback_reason.empty()) {
        console.note(fmt::format(
            "ranking: {} instead of {}: {} ({})", name_of(response.ranking), name_of(arguments.mode),
            response.fallback_detail.empty() ? "no better ranking is possible now" : response.fallback_detail,
            response.fallback_reason));
    } else {
        console.note(fmt::format("ranking: {}", name_of(response.ranking)));
    }
    if (response.hits.empty()) {
        console.note("no operation matches");
        return;
    }
    Table table({"#", "SCORE", "OPERATION", "SPEC", "SUMMARY"});
    std::size_t rank = 0;
    for (const SearchHit& hit : response.hits) {
        std::string spec = arguments.catalog ? hit.spec_name : fmt::format("{}/{}", hit.catalog_id, hit.spec_name);
        table.add({std::to_string(++rank), fmt::format("{:.3f}", hit.score), fmt::format("{} {}", hit.method, hit.path),
                   std::move(spec), hit.summary.empty() ? hit.operation_id : hit.summary},
                  Colour::bold, 2);
    }
    table.print(console);
}

Result<SearchResponse> search(Engine& engine, const SearchArguments& arguments, const std::string& query) {
    SearchRequest request;
    request.query = query;
    request.catalog_id = arguments.catalog;
    request.mode = arguments.mode;
    request.limit = arguments.limit;
    return engine.search(request);
}

// One question per line, each answered before the next is read. An error does not end the loop.
int answer_lines(CommandContext& context, Engine& engine, const SearchArguments& arguments) {
    int status = exit_done;
    std::string query;
    while (context.input != nullptr && std::getline(*context.input, query)) {
        if (is_blank(query)) continue;
        const auto response = search(engine, arguments, query);
        if (!response) {
            status = exit_failed;
            if (context.json)
                context.console.print(dump({{"query", query}, {"error", to_string(response.error())}}));
            else
                context.console.error(to_string(response.error()));
        } else if (context.json) {
            Json json{{"query", query}};
            json.update(json_of(*response));
            context.console.print(dump(json));
        } else {
            context.console.note(plain(query));
            print_table(context.console, *response, arguments);
        }
        if (!context.console.flush()) return exit_failed;
    }
    return status;
}

}  // namespace

int run_search(CommandContext& context, const SearchArguments& arguments) {
    if (is_blank(arguments.query)) {
        return show_error(
            context,
            Failure{exit_usage,
                    {"the question is empty; write what to look for, such as embedq search \"cancel an order\""}});
    }
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    if (arguments.query == "-") return answer_lines(context, (*runtime)->engine(), arguments);
    const auto response = search((*runtime)->engine(), arguments, arguments.query);
    if (!response) return show_error(context, response.error());
    if (context.json)
        context.console.print(dump(json_of(*response)));
    else
        print_table(context.console, *response, arguments);
    return exit_done;
}

}  // namespace embedq::cli

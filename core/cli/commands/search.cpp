#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/present.h"
#include "cli/unknown_name.h"

namespace embedq::cli {

namespace {

constexpr std::size_t most_hits = 500;  // that the engine returns

bool is_blank(const std::string& query) {
    return query.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
}

// What --limit counts in a table; each row may stand for several hits.
struct Row {
    const SearchHit* hit;
    std::size_t others = 0;  // specs with the same operation and score
};

// One row for operations that are the same in several specs, in the order of the first of each.
std::vector<Row> grouped(const std::vector<SearchHit>& hits) {
    std::vector<Row> rows;
    std::map<std::tuple<double, std::string_view, std::string_view, std::string_view>, std::size_t> known;
    for (const SearchHit& hit : hits) {
        const auto [at, added] = known.emplace(std::tuple<double, std::string_view, std::string_view, std::string_view>(
                                                   hit.score, hit.method, hit.path, hit.summary),
                                               rows.size());
        if (added) {
            rows.push_back({&hit});
        } else {
            ++rows[at->second].others;
        }
    }
    return rows;
}

void print_answer(Console& console, const SearchResponse& response, const SearchArguments& arguments) {
    if (!response.fallback_reason.empty()) {
        console.note(fmt::format(
            "ranking: {} instead of {}: {} ({})", name_of(response.ranking), name_of(arguments.mode),
            response.fallback_detail.empty() ? "no better ranking is possible now" : response.fallback_detail,
            response.fallback_reason));
    } else {
        console.note(fmt::format("ranking: {}", name_of(response.ranking)));
    }
    if (response.hits.empty()) {
        console.print("no operation matches");
        return;
    }
    const std::vector<Row> rows = grouped(response.hits);
    const auto shown = std::span(rows).first(std::min(rows.size(), arguments.limit));
    const bool any_others = std::ranges::any_of(shown, [](const Row& row) { return row.others > 0; });
    std::vector<std::string> headings{"#", "SCORE", "OPERATION", "SPEC", "SUMMARY"};
    if (any_others) headings.insert(headings.end() - 1, "ALSO IN");
    Table table(std::move(headings));
    std::size_t rank = 0;
    for (const auto& [hit, others] : shown) {
        std::string spec = arguments.catalog ? hit->spec_name : fmt::format("{}/{}", hit->catalog_id, hit->spec_name);
        std::vector<std::string> cells{std::to_string(++rank), fmt::format("{:.3f}", hit->score),
                                       fmt::format("{} {}", hit->method, hit->path), std::move(spec),
                                       hit->summary.empty() ? hit->operation_id : hit->summary};
        if (any_others) cells.insert(cells.end() - 1, others == 0 ? "" : counted(others, "more spec"));
        table.add(std::move(cells), Colour::bold, 2);
    }
    table.print(console);
}

Result<SearchResponse> search(Engine& engine, const SearchArguments& arguments, const std::string& query, bool json) {
    SearchRequest request;
    request.query = query;
    request.catalog_id = arguments.catalog;
    request.spec_name = arguments.spec;
    request.mode = arguments.mode;
    // A table has one row for hits that are the same, so more of them are needed.
    request.limit = json ? arguments.limit : most_hits;
    auto response = engine.search(request);
    if (!response)
        return std::unexpected(with_nearest_name(engine, response.error(), arguments.catalog, arguments.spec));
    return response;
}

// One question per line, each answered before the next is read. An error does not end the loop.
int answer_lines(CommandContext& context, Engine& engine, const SearchArguments& arguments) {
    int status = exit_done;
    std::string query;
    while (context.input != nullptr && std::getline(*context.input, query)) {
        if (is_blank(query)) continue;
        const auto response = search(engine, arguments, query, context.json);
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
            context.console.print(plain(query));
            print_answer(context.console, *response, arguments);
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
    const auto response = search((*runtime)->engine(), arguments, arguments.query, context.json);
    if (!response) return show_error(context, response.error());
    if (context.json)
        context.console.print(dump(json_of(*response)));
    else
        print_answer(context.console, *response, arguments);
    return exit_done;
}

}  // namespace embedq::cli

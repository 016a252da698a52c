// How results are presented: badges, the rollup line, times, and the JSON that scripts rely on.
//
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/console.h"
#include "cli/spec_state.h"
#include "embedq/catalog.h"
#include "embedq/engine.h"
#include "embedq/job.h"

namespace embedq::cli {

using Json = nlohmann::ordered_json;

struct Badge {
    std::string text;
    Colour colour = Colour::none;
    bool needs_attention = true;
};

// One spec in a few words, with its state: "12/12 indexed", "running 3/12", "pending", "pending (2 attempts)",
// "failed", "not indexed".
[[nodiscard]] Badge badge_of(const SpecStatus& status);
// "All N specs indexed", or "K/M specs indexed (a running, b pending, c failed, d not indexed)", where
// all add up to M.
[[nodiscard]] std::string rollup_of(const CatalogHealth& health);
// How many attempts a job has had; for one that has ended, those that it took. An attempt that stored vectors and did
// not end the job is free, and is not among them.
[[nodiscard]] std::uint32_t attempts_of(const Job& job);
[[nodiscard]] bool is_settled(const CatalogHealth& health);

// RFC 3339 in UTC with whole seconds; empty for the zero time.
[[nodiscard]] std::string time_of(Time time);
// "3.2 s", "4m 05s", "2h 10m".
[[nodiscard]] std::string duration_of(std::chrono::milliseconds duration);
// "12,345"
[[nodiscard]] std::string count_of(std::uint64_t count);
// "1 job", "12,345 jobs"; `many` where the plural is not `one` with an s.
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view one, std::string_view many = {});
[[nodiscard]] std::string hex_of(const Sha256& hash);
[[nodiscard]] std::string_view name_of(RankingMode mode);
[[nodiscard]] std::string_view name_of(SourceKind kind);
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

[[nodiscard]] Json json_of(const CatalogHealth& health);
[[nodiscard]] Json json_of(const SpecStatus& status);
[[nodiscard]] Json json_of(const Job& job);
[[nodiscard]] Json json_of(const CatalogInfo& catalog);
// `default_refresh`: fetch.refresh of this process.
[[nodiscard]] Json json_of(const SpecInfo& spec, std::chrono::milliseconds default_refresh);
[[nodiscard]] Json json_of(const Operation& operation);
[[nodiscard]] Json json_of(const SearchResponse& response);
// One line; bytes that are not UTF-8 are replaced, never an exception.
[[nodiscard]] std::string dump(const Json& json);

// Rows under headings. On a terminal they fit the window: the widest columns are shortened, the last one at its end,
// paths in the middle. Elsewhere nothing is shortened.
class Table {
public:
    explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
    // Columns that are left out, in this order, where a window is too narrow for all.
    void set_optional(std::vector<std::size_t> columns) { optional_ = std::move(columns); }
    void add(std::vector<std::string> row, Colour colour = Colour::none, std::size_t coloured_column = 0);
    void print(Console& console) const;
    [[nodiscard]] std::vector<std::string> lines(const Console& console) const;

private:
    struct Row {
        std::vector<std::string> cells;
        Colour colour;
        std::size_t coloured_column;
    };
    [[nodiscard]] Table without(std::size_t column) const;

    std::vector<std::string> headings_;
    std::vector<std::size_t> optional_;
    std::vector<Row> rows_;
};

}  // namespace embedq::cli

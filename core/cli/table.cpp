#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "cli/present.h"
#include "cli/text_width.h"

namespace embedq::cli {
namespace {

constexpr std::size_t gap = 2;
// No column becomes narrower than this; a window that is narrower still wraps the lines.
constexpr std::size_t narrowest = 6;
constexpr std::size_t width_of_a_time = 20;
// Where nothing is cut, one long cell moves its own line, not those of all.
constexpr std::size_t widest_padding = 40;

using Widths = std::vector<std::size_t>;

std::size_t total(const Widths& widths) {
    return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
}

// Makes the widest columns narrower, to one width, until all fit or that width is `least`.
void level(Widths& widths, std::size_t columns, std::size_t least) {
    std::size_t widest = *std::ranges::max_element(widths);
    while (total(widths) > columns && widest > least) {
        --widest;
        for (std::size_t& width : widths) width = std::min(width, widest);
    }
}

bool fits_without_cutting_times(Widths widths, std::size_t columns) {
    level(widths, columns, width_of_a_time);
    widths.back() = std::min<std::size_t>(widths.back(), 8);
    return total(widths) <= columns;
}

// Times, numbers and states keep their width as long as longer texts can be shortened.
void fit(Widths& widths, std::size_t columns) {
    const auto shorten_last = [&](std::size_t least) {
        while (total(widths) > columns && widths.back() > least) --widths.back();
    };
    level(widths, columns, width_of_a_time);
    shorten_last(12);
    if (fits_without_cutting_times(widths, columns)) shorten_last(8);
    level(widths, columns, 12);
    shorten_last(8);
    level(widths, columns, narrowest);
    // A window that is narrower than any report needs: a few characters of the last column stay.
    shorten_last(narrowest - 1);
    // Rounding leaves some columns over, which the last column takes.
    if (total(widths) < columns) widths.back() += columns - total(widths);
}

// Of a path the end says as much as the beginning.
std::string shortened(std::string_view cell, std::size_t width, bool last) {
    const bool is_path = !last && cell.find('/') != std::string_view::npos;
    return is_path ? cut_middle(cell, width) : cut_end(cell, width);
}

}  // namespace

void Table::add(std::vector<std::string> row, Colour colour, std::size_t coloured_column) {
    for (std::string& cell : row) cell = plain(cell);
    rows_.push_back({std::move(row), colour, coloured_column});
}

Table Table::without(std::size_t column) const {
    const auto erase = [column](std::vector<std::string>& cells) {
        cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(column));
    };
    Table table(*this);
    erase(table.headings_);
    for (Row& row : table.rows_) {
        erase(row.cells);
        if (row.coloured_column > column) --row.coloured_column;
    }
    table.optional_.clear();
    for (const std::size_t each : optional_) {
        if (each != column) table.optional_.push_back(each > column ? each - 1 : each);
    }
    return table;
}

std::vector<std::string> Table::lines(const Console& console) const {
    const bool terminal = console.terminal().out;
    // One column is left free: a full line would scroll on some terminals.
    const std::size_t columns = console.columns() - std::min<std::size_t>(console.columns(), 1);
    Widths widths;
    for (const std::string& heading : headings_) widths.push_back(width_of(heading));
    for (const Row& row : rows_) {
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            const std::size_t width = width_of(row.cells[i]);
            widths[i] = std::max(widths[i], terminal ? width : std::min(width, widest_padding));
        }
    }
    if (terminal && !optional_.empty() && !fits_without_cutting_times(widths, columns))
        return without(optional_.front()).lines(console);
    if (terminal) fit(widths, columns);
    const auto line_of = [&](const Row& row) {
        std::string line;
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            const bool last = i + 1 == row.cells.size();
            std::string cell = row.cells[i];
            if (terminal) cell = shortened(cell, widths[i], last);
            const std::size_t width = width_of(cell);
            line += i == row.coloured_column ? console.paint(row.colour, cell) : cell;
            if (!last) line.append((widths[i] > width ? widths[i] - width : 0) + gap, ' ');
        }
        while (!line.empty() && line.back() == ' ') line.pop_back();
        return line;
    };
    std::vector<std::string> all;
    const std::string heading = line_of({headings_, Colour::none, 0});
    all.push_back(console.terminal().colours ? console.paint(Colour::bold, heading) : heading);
    for (const Row& row : rows_) all.push_back(line_of(row));
    return all;
}

void Table::print(Console& console) const {
    for (const std::string& line : lines(console)) console.print(line);
}

}  // namespace embedq::cli

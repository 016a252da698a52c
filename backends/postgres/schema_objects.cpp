#include "schema_objects.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>
#include <vector>

namespace embedq::postgres {
namespace {

constexpr std::array<std::string_view, 6> kinds{"TABLE", "INDEX", "FUNCTION", "VIEW", "TYPE", "SEQUENCE"};

[[nodiscard]] std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

[[nodiscard]] std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line.substr(0, line.find("--")));
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

// Without the schema, which the SQL files write before each name.
[[nodiscard]] std::string own_name(const std::string& name) {
    constexpr std::string_view prefix = "embedq.";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < words.size(); ++i) out += (i == from ? "" : " ") + words[i];
    return out;
}

// The columns between the first parentheses.
[[nodiscard]] std::string columns_of(const std::string& text) {
    const auto begin = text.find('(');
    return text.substr(begin + 1, text.find(')', begin) - begin - 1);
}

// The name that PostgreSQL gives to an object without one.
[[nodiscard]] std::string default_name(const std::string& table, std::string columns, const char* ending) {
    std::string name = table;
    std::ranges::replace(columns, ',', ' ');
    std::istringstream in(columns);
    for (std::string column; in >> column;) name += "_" + column;
    return name + ending;
}

// Reads statements that begin at the start of a line; each column and constraint of a table is on a line of its own.
class Scan {
public:
    Scan(SchemaObjects& objects, const std::string& schema) : objects_(objects), schema_(schema) {}

    void line(const std::string& text) {
        const std::vector<std::string> words = words_of(text);
        if (words.empty()) return;
        if (text.front() == ')') table_.clear();
        if (!index_.empty()) {
            index_ += " " + joined(words, 0);
            end_index();
        } else if (!table_.empty() && text.front() == ' ') {
            in_table(words, joined(words, 0));
        } else if (words[0] == "CREATE" || words[0] == "DROP") {
            statement(words);
        }
    }

private:
    void statement(const std::vector<std::string>& words) {
        const auto kind =
            std::ranges::find_if(words, [](const auto& word) { return std::ranges::find(kinds, word) != kinds.end(); });
        if (kind == words.end()) return;
        auto at = static_cast<std::size_t>(kind - words.begin()) + 1;
        while (at < words.size() &&
               (words[at] == "IF" || words[at] == "NOT" || words[at] == "EXISTS" || words[at] == "CONCURRENTLY"))
            ++at;
        if (at == words.size()) return;
        const std::string name = own_name(words[at].substr(0, words[at].find_first_of("(;")));
        const std::string object = lower(*kind) + " " + name;
        if (words[0] == "DROP") {
            objects_.erase(object);
            return;
        }
        if (*kind == "INDEX") {
            const bool unique = words[1] == "UNIQUE";
            // ON table …
            index_ = std::string(unique ? "CREATE UNIQUE INDEX CONCURRENTLY " : "CREATE INDEX CONCURRENTLY ") + name +
                     " ON " + schema_ + "." + own_name(joined(words, at + 2));
            index_name_ = object;
            end_index();
            return;
        }
        objects_[object] = "";
        if (*kind == "TABLE") table_ = name;
    }

    void end_index() {
        if (!index_.ends_with(';')) return;
        index_.pop_back();
        objects_[index_name_] = index_;
        index_.clear();
    }

    void in_table(const std::vector<std::string>& words, const std::string& text) {
        const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
        const bool of_table = words[0] == "PRIMARY" || words[0] == "UNIQUE";
        const std::string columns = of_table ? columns_of(text) : words[0];
        const std::string alter = "ALTER TABLE " + schema_ + "." + table_ + " ADD CONSTRAINT ";
        if (has("PRIMARY KEY")) {
            const std::string name = table_ + "_pkey";
            objects_["index " + name] = alter + name + " PRIMARY KEY (" + columns + ")";
        }
        if (has("UNIQUE")) {
            const std::string name = default_name(table_, columns, "_key");
            objects_["index " + name] = alter + name + " UNIQUE (" + columns + ")";
        }
        if (const auto at = text.find("REFERENCES "); at != std::string::npos) {
            const std::string name = default_name(table_, columns, "_fkey");
            const std::string rest = text.substr(at + 11);
            const std::string target = own_name(rest.substr(0, rest.find_first_of(" ,")));
            objects_["constraint " + name] =
                alter + name + " FOREIGN KEY (" + columns + ") REFERENCES " + schema_ + "." + target;
        }
    }

    SchemaObjects& objects_;
    const std::string& schema_;
    std::string table_;  // whose lines are being read
    std::string index_;  // the statement of an index that has not ended yet
    std::string index_name_;
};

}  // namespace

SchemaObjects objects_of(const Migrations& steps, std::size_t count, const std::string& schema) {
    SchemaObjects objects{{"table migrations", ""}, {"index migrations_pkey", ""}};
    for (std::size_t i = 0; i < std::min(count, steps.size()); ++i) {
        Scan scan(objects, schema);
        std::istringstream lines(steps[i].sql);
        for (std::string line; std::getline(lines, line);) scan.line(line);
        for (const LaterIndex& later : steps[i].afterwards) objects["index " + later.name] = "";
    }
    return objects;
}

}  // namespace embedq::postgres

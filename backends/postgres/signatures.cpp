#include "signatures.h"

#include <map>
#include <sstream>

#include "sql_texts.h"

namespace embedq::postgres {
namespace {

constexpr std::string_view schema_prefix = "embedq.";
constexpr std::string_view create_function = "CREATE FUNCTION embedq.";

using Signatures = std::map<std::string, std::vector<std::string>, std::less<>>;

// "p_name text[] DEFAULT 'x'" to "text[]"; nothing for what a function returns.
[[nodiscard]] std::string type_of(const std::string& parameter) {
    std::istringstream in(parameter.substr(0, parameter.find(" DEFAULT ")));
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words.empty() || words.front() == "OUT" ? "" : words.back();
}

// The parameters between the parentheses that `text` begins behind; each type is one word.
[[nodiscard]] std::vector<std::string> types_in(std::string_view text) {
    std::vector<std::string> types;
    std::string parameter;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("--")) {
            i = text.find('\n', i);
        } else if (text[i] == ',' || text[i] == ')') {
            if (std::string type = type_of(parameter); !type.empty()) types.push_back(std::move(type));
            parameter.clear();
            if (text[i] == ')') break;
        } else {
            parameter += text[i];
        }
    }
    return types;
}

[[nodiscard]] Signatures read_signatures() {
    Signatures signatures;
    for (const std::string_view text : {sql::schema, sql::catalogs, sql::specs, sql::queue, sql::working, sql::commit,
                                        sql::maintenance, sql::reading, sql::records, sql::versions}) {
        for (auto at = text.find(create_function); at != std::string_view::npos;
             at = text.find(create_function, at + 1)) {
            const std::string_view rest = text.substr(at + create_function.size());
            const auto parenthesis = rest.find('(');
            // A later migration may have made the function again, with other parameters.
            signatures.insert_or_assign(std::string(rest.substr(0, parenthesis)),
                                        types_in(rest.substr(parenthesis + 1)));
        }
    }
    return signatures;
}

}  // namespace

std::string in_schema(std::string_view sql, std::string_view quoted_schema) {
    std::string out;
    while (true) {
        const auto at = sql.find(schema_prefix);
        out += sql.substr(0, at);
        if (at == std::string_view::npos) return out;
        const bool in_literal = out.ends_with('\'');  // 'embedq.job_ids'
        for (const char c : quoted_schema) out.append(in_literal && c == '\'' ? 2 : 1, c);
        out += '.';
        sql.remove_prefix(at + schema_prefix.size());
    }
}

const std::vector<std::string>& parameter_types(std::string_view function) {
    static const Signatures signatures = read_signatures();
    static const std::vector<std::string> unknown;
    const auto found = signatures.find(function);
    return found == signatures.end() ? unknown : found->second;
}

}  // namespace embedq::postgres

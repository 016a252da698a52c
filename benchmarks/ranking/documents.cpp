#include "ranking/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <charconv>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catalog/document.h"

namespace embedq::evaluation {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t shortest_summary = 10;

Result<std::string> contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    if (!file) return fail(ErrorKind::not_found, fmt::format("{} cannot be read", path.string()));
    return std::move(content).str();
}

// The rows of a table, each with at least `columns` columns.
Result<std::vector<std::vector<std::string>>> rows(const fs::path& path, std::size_t columns) {
    std::ifstream file(path);
    if (!file) return fail(ErrorKind::not_found, fmt::format("{} cannot be read", path.string()));
    std::vector<std::vector<std::string>> result;
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.empty() || line.front() == '#') continue;
        auto row = split(line, '\t');
        if (row.size() < columns) {
            return fail(ErrorKind::invalid_argument,
                        fmt::format("{}:{}: found {} column(s), expected {} with tabs between them", path.string(),
                                    number, row.size(), columns));
        }
        result.push_back(std::move(row));
    }
    if (result.empty()) return fail(ErrorKind::invalid_argument, fmt::format("{} has only comments", path.string()));
    return result;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) {
        return c < 128 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
    });
    return text;
}

bool is_method(std::string_view key) {
    constexpr std::string_view all[] = {"get", "put", "post", "delete", "options", "head", "patch", "trace"};
    return std::ranges::find(all, key) != std::end(all);
}

Result<EvaluatedDocument> parse(const std::string& name, std::string_view content) {
    auto document = catalog::parse_document(content);
    if (!document)
        return fail(document.error().kind, fmt::format("{}: {}", name, document.error().message),
                    document.error().hint);
    return EvaluatedDocument{name, std::move(document->operations)};
}

bool is_number(std::string_view text, unsigned long& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

Result<std::vector<QuestionSet>> read_sets(const fs::path& file) {
    auto table = rows(file, 4);
    if (!table) return std::unexpected(table.error());
    std::vector<QuestionSet> sets;
    for (auto& row : *table)
        sets.push_back({std::move(row[0]), std::move(row[1]), std::move(row[2]), std::move(row[3])});
    return sets;
}

Result<std::vector<Question>> read_questions(const fs::path& file) {
    const auto table = rows(file, 2);
    if (!table) return std::unexpected(table.error());
    std::vector<Question> questions;
    for (const auto& row : *table) {
        const auto ids = split(row[1], ',');
        questions.push_back({row[0], {}, {ids.begin(), ids.end()}});
    }
    return questions;
}

Result<std::vector<std::string>> sample_documents(const fs::path& folder, std::string_view sample) {
    const bool others = sample.starts_with('!');
    const auto parts = split(sample.substr(others ? 1 : 0), '/');
    unsigned long part = 0;
    unsigned long of = 0;
    if (parts.size() != 2 || !is_number(parts[0], part) || !is_number(parts[1], of) || part >= of) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("the sample '{}' must be N/M or !N/M with N below M, as in 0/10", sample));
    }
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
        if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
        const std::string name = fs::relative(entry.path(), folder).string();
        boost::crc_32_type crc;
        crc.process_bytes(name.data(), name.size());
        if ((crc.checksum() % of == part) != others) names.push_back(name);
    }
    if (names.empty())
        return fail(ErrorKind::not_found,
                    fmt::format("{} has no JSON document in the sample {}", folder.string(), sample));
    std::ranges::sort(names);
    return names;
}

Result<EvaluatedDocument> read_document(const fs::path& folder, const std::string& name) {
    const auto content = contents(folder / name);
    if (!content) return std::unexpected(content.error());
    return parse(name, *content);
}

Result<EvaluatedDocument> read_without_summaries(const fs::path& folder, const std::string& name) {
    const auto content = contents(folder / name);
    if (!content) return std::unexpected(content.error());
    // The order of keys is kept, because it is the order of the operations.
    auto document = nlohmann::ordered_json::parse(*content, nullptr, false);
    if (document.is_discarded()) return fail(ErrorKind::invalid_argument, fmt::format("{} is not JSON", name));
    const auto paths = document.find("paths");
    if (paths != document.end() && paths->is_object()) {
        for (auto& item : *paths) {
            if (!item.is_object()) continue;
            for (auto& [key, operation] : item.items()) {
                if (is_method(key) && operation.is_object()) operation.erase("summary");
            }
        }
    }
    return parse(name, document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::vector<Question> summary_questions(const EvaluatedDocument& whole, const EvaluatedDocument& bare) {
    std::map<std::string_view, const Operation*> without;
    for (const Operation& operation : bare.operations) without.emplace(operation.operation_id, &operation);
    std::vector<Question> questions;
    for (const Operation& operation : whole.operations) {
        const auto found = without.find(operation.operation_id);
        if (found == without.end()) continue;
        const Operation& remaining = *found->second;
        // Its summary is now the first sentence of its description; if it has none, there was no description. If both
        // texts are the same, it had no summary.
        if (operation.summary.size() < shortest_summary || remaining.summary.empty() ||
            remaining.text == operation.text)
            continue;
        if (lower(remaining.text).find(lower(operation.summary)) != std::string::npos) continue;
        questions.push_back({operation.summary, whole.name, {operation.operation_id}});
    }
    return questions;
}

}  // namespace embedq::evaluation

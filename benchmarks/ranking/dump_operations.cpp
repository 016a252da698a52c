// Prints the operations of OpenAPI documents as the catalog reads them.
//
// usage: embedq_dump_operations [--without-summary] FOLDER DOCUMENT... > operations.tsv
//
// The names of documents are relative to the folder. Columns: document, operation id, method, path, summary, tags
// (comma separated), canonical text, query. With --without-summary the document is parsed without its operations'
// summaries, and the removed summary is in the query column.
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include "ranking/documents.h"

namespace {

using namespace embedq::evaluation;

std::string flat(std::string text) {
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    return text;
}

void write(const EvaluatedDocument& document, const std::vector<Question>& questions) {
    std::map<std::string_view, std::string_view> queries;
    for (const Question& question : questions) queries.emplace(*question.accepted.begin(), question.text);
    for (const auto& operation : document.operations) {
        std::string tags;
        for (const auto& tag : operation.tags) tags += (tags.empty() ? "" : ",") + flat(tag);
        const auto query = queries.find(operation.operation_id);
        std::cout << document.name << '\t' << flat(operation.operation_id) << '\t' << operation.method << '\t'
                  << flat(operation.path) << '\t' << flat(operation.summary) << '\t' << tags << '\t'
                  << flat(operation.text) << '\t' << (query == queries.end() ? "" : flat(std::string(query->second)))
                  << '\n';
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bool without = argc > 1 && std::string_view(argv[1]) == "--without-summary";
    const int folder = without ? 2 : 1;
    if (argc < folder + 2) {
        std::cerr << "usage: embedq_dump_operations [--without-summary] FOLDER DOCUMENT... > operations.tsv\n";
        return 2;
    }
    int status = 0;
    for (int i = folder + 1; i < argc; ++i) {
        const auto whole = read_document(argv[folder], argv[i]);
        const auto document = without && whole ? read_without_summaries(argv[folder], argv[i]) : whole;
        if (!document) {
            std::cerr << to_string(document.error()) << "\n";
            status = 1;
            continue;
        }
        write(*document, without ? summary_questions(*whole, *document) : std::vector<Question>{});
    }
    return status;
}

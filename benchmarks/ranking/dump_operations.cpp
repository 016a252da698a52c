// Writes the operations of OpenAPI documents as the catalog reads them, in the columns of extract_operations.py.
//
// usage: embedq_dump_operations FOLDER DOCUMENT... > operations.tsv     (documents' names are relative to the folder)
#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "catalog/document.h"

namespace {

std::string flat(std::string text) {
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
        std::ifstream file(std::string(argv[1]) + "/" + argv[i]);
        std::stringstream content;
        content << file.rdbuf();
        const auto document = embedq::catalog::parse_document(content.str());
        if (!document) {
            std::cerr << argv[i] << ": " << document.error().message << "\n";
            continue;
        }
        for (const auto& operation : document->operations) {
            std::string tags;
            for (const auto& tag : operation.tags) tags += (tags.empty() ? "" : ",") + flat(tag);
            std::cout << argv[i] << '\t' << flat(operation.operation_id) << '\t' << operation.method << '\t' << flat(operation.path) << '\t'
                      << flat(operation.summary) << '\t' << tags << '\t' << flat(operation.text) << "\t\n";
        }
    }
}

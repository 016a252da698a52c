// embedq-parse PATH…: reads documents and prints what they contain. A tool for experiments with a corpus; users run
// `embedq index`.
//
// With -v it prints a line for each document (path, operations), otherwise only refusals, notes and the totals. -t
// prints all canonical texts.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/document.h"

namespace {

namespace fs = std::filesystem;

bool is_document(const fs::path& path) {
    const auto extension = path.extension();
    return extension == ".json" || extension == ".yaml" || extension == ".yml";
}

std::vector<fs::path> files_in(const fs::path& path) {
    if (!fs::is_directory(path)) return {path};
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file() && is_document(entry.path())) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

std::string contents(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::string text(fs::file_size(path), '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
}

struct Sums {
    std::size_t documents = 0, refused = 0, operations = 0, bytes = 0, text_bytes = 0, cut = 0;
    std::chrono::nanoseconds parsing{};
    std::set<embedq::Sha256> texts;
};

void parse(const fs::path& path, bool verbose, bool texts, Sums& sums) {
    const std::string content = contents(path);
    const auto start = std::chrono::steady_clock::now();
    const auto document = embedq::catalog::parse_document(content);
    sums.parsing += std::chrono::steady_clock::now() - start;
    sums.bytes += content.size();
    ++sums.documents;
    if (!document) {
        ++sums.refused;
        fmt::print("{}\trefused: {}\n", path.string(), to_string(document.error()));
        return;
    }
    for (const auto& note : document->notes) fmt::print("{}\tnote: {}: {}\n", path.string(), note.where, note.reason);
    if (verbose) fmt::print("{}\t{}\n", path.string(), document->operations.size());
    for (const auto& operation : document->operations) {
        sums.texts.insert(operation.text_hash);
        sums.text_bytes += operation.text.size();
        sums.cut += operation.cut_bytes > 0 ? 1 : 0;
        if (texts) fmt::print("── {}  ·  {}\n{}\n", operation.operation_id, operation.summary, operation.text);
    }
    sums.operations += document->operations.size();
}

}  // namespace

int main(int argc, char** argv) {
    bool verbose = false;
    bool texts = false;
    Sums sums;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "-v") {
            verbose = true;
        } else if (argument == "-t") {
            texts = true;
        } else {
            for (const auto& file : files_in(argument)) parse(file, verbose, texts, sums);
        }
    }
    const double seconds = std::chrono::duration<double>(sums.parsing).count();
    fmt::print(
        "{} documents ({} refused), {} operations, {} distinct texts ({} bytes, {} cut), {:.1f} MB in {:.2f} s of "
        "parsing\n",
        sums.documents, sums.refused, sums.operations, sums.texts.size(), sums.text_bytes, sums.cut,
        static_cast<double>(sums.bytes) / 1e6, seconds);
    return sums.documents > sums.refused ? 0 : 1;
}

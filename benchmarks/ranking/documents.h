// The input of the ranking evaluation: operations as embedq's parser reads them, and questions about them.
//
// Thread-safety: pure functions over files.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/error.h"

namespace embedq::evaluation {

struct Question {
    std::string text;
    std::string document;            // the answer must be in this document; empty: in any
    std::set<std::string> accepted;  // operation ids
};

struct EvaluatedDocument {
    std::string name;  // relative to the folder of documents
    std::vector<Operation> operations;
};

// A row of a table of sets: which questions are asked about which documents.
struct QuestionSet {
    std::string name;
    std::string documents;  // names separated by commas, or "sample N/M"
    std::string questions;  // a file in the table's folder, or "summaries"
    std::string tuning;     // what was tuned on it, for people
};

// Columns: name, documents, questions, tuning. Lines that begin with '#' are comments.
[[nodiscard]] Result<std::vector<QuestionSet>> read_sets(const std::filesystem::path& file);

// Columns: question, accepted operation ids separated by commas.
[[nodiscard]] Result<std::vector<Question>> read_questions(const std::filesystem::path& file);

// The JSON documents below the folder, sorted, whose name's CRC-32 is N modulo M ("N/M"), or is not ("!N/M").
[[nodiscard]] Result<std::vector<std::string>> sample_documents(const std::filesystem::path& folder,
                                                                std::string_view sample);

[[nodiscard]] Result<EvaluatedDocument> read_document(const std::filesystem::path& folder, const std::string& name);

// The same document (JSON), with the summaries of its operations removed before it is parsed.
[[nodiscard]] Result<EvaluatedDocument> read_without_summaries(const std::filesystem::path& folder,
                                                               const std::string& name);

// Questions that are the summaries which `bare` no longer has. Left out are summaries below ten bytes, those of
// operations without a description, and those that the remaining text still contains word for word.
[[nodiscard]] std::vector<Question> summary_questions(const EvaluatedDocument& whole, const EvaluatedDocument& bare);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

}  // namespace embedq::evaluation

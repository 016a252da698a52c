// Asks the questions of a set in an index of its documents, in each mode, with each semantic half.
//
// Thread-safety: an object belongs to one thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "embedq/catalog.h"
#include "ranking/documents.h"
#include "ranking/index.h"
#include "ranking/measure.h"
#include "ranking/semantic_half.h"

namespace embedq::evaluation {

class Evaluation {
public:
    // Reads and indexes the set's documents. Errors: a file that is missing or is not an OpenAPI document, and an
    // accepted operation that the documents do not have. In a sample, documents that the parser refuses are skipped and
    // counted.
    static Result<Evaluation> open(const QuestionSet& set, const std::filesystem::path& documents,
                                   const std::filesystem::path& tables);

    // Embeds every text with the half, then asks all questions in each mode.
    [[nodiscard]] Comparison compare(const HalfKind& kind, SemanticHalf& half, double weight);

    // The results of hybrid ranking for questions whose answer was not in the first five, for people.
    [[nodiscard]] std::string misses(SemanticHalf& half, double weight) const;

    [[nodiscard]] const QuestionSet& set() const noexcept { return set_; }
    [[nodiscard]] std::size_t operations() const noexcept { return index_.operations(); }
    [[nodiscard]] std::size_t questions() const noexcept { return questions_.size(); }
    [[nodiscard]] std::size_t refused() const noexcept { return refused_; }

private:
    [[nodiscard]] Status answer();  // finds an accepted operation for each question
    [[nodiscard]] std::size_t rank_of(const Question& question, std::span<const ranking::Ranked> hits) const;
    [[nodiscard]] Ranks ask(SemanticHalf& half, RankingMode mode, double weight) const;

    QuestionSet set_;
    std::vector<EvaluatedDocument> documents_;
    std::vector<Question> questions_;
    std::vector<const Operation*> answers_;
    std::size_t refused_ = 0;
    ranking::CatalogIndex index_;
};

}  // namespace embedq::evaluation

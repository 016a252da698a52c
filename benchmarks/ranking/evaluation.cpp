#include "ranking/evaluation.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace embedq::evaluation {
namespace {

constexpr std::string_view sample_prefix = "sample ";
constexpr std::string_view summaries_keyword = "summaries";

}  // namespace

Result<Evaluation> Evaluation::open(const QuestionSet& set, const std::filesystem::path& documents,
                                    const std::filesystem::path& tables) {
    Evaluation evaluation;
    evaluation.set_ = set;
    const bool sampled = set.documents.starts_with(sample_prefix);
    auto names = sampled ? sample_documents(documents, std::string_view(set.documents).substr(sample_prefix.size()))
                         : Result<std::vector<std::string>>(split(set.documents, ','));
    if (!names) return std::unexpected(names.error());
    const bool summaries = set.questions == summaries_keyword;
    for (const std::string& name : *names) {
        auto whole = read_document(documents, name);
        auto document = summaries && whole ? read_without_summaries(documents, name) : whole;
        if (!document) {
            if (!sampled) return std::unexpected(document.error());
            ++evaluation.refused_;
            continue;
        }
        if (summaries)
            std::ranges::move(summary_questions(*whole, *document), std::back_inserter(evaluation.questions_));
        evaluation.documents_.push_back(std::move(*document));
    }
    if (!summaries) {
        auto questions = read_questions(tables / set.questions);
        if (!questions) return std::unexpected(questions.error());
        evaluation.questions_ = std::move(*questions);
    }
    if (evaluation.questions_.empty())
        return fail(ErrorKind::invalid_argument, fmt::format("set {} has no questions", set.name));
    if (const Status answered = evaluation.answer(); !answered) return std::unexpected(answered.error());
    for (const EvaluatedDocument& document : evaluation.documents_)
        evaluation.index_.put_spec(document.name, document.operations);
    return evaluation;
}

Status Evaluation::answer() {
    std::map<std::string_view, std::map<std::string_view, const Operation*>> by_document;
    std::map<std::string_view, const Operation*> by_id;
    for (const EvaluatedDocument& document : documents_) {
        for (const Operation& operation : document.operations) {
            by_document[document.name].emplace(operation.operation_id, &operation);
            by_id.emplace(operation.operation_id, &operation);
        }
    }
    for (const Question& question : questions_) {
        const auto& operations = question.document.empty() ? by_id : by_document[question.document];
        for (const std::string& id : question.accepted) {
            if (operations.contains(id)) continue;
            return fail(ErrorKind::invalid_argument,
                        fmt::format("set {}: '{}' accepts the operation '{}', which its documents ({}) do not have",
                                    set_.name, question.text, id, set_.documents));
        }
        answers_.push_back(operations.at(*question.accepted.begin()));
    }
    return {};
}

Comparison Evaluation::compare(const HalfKind& kind, SemanticHalf& half, double weight) {
    index_.set_dimension(half.dimension());
    index_.clear_vectors();
    std::vector<float> row(half.dimension());
    for (const EvaluatedDocument& document : documents_) {
        for (const Operation& operation : document.operations) {
            if (index_.has_vector(operation.text_hash)) continue;
            half.embed(operation, row);
            index_.put_vector(operation.text_hash, row);
        }
    }
    return {set_.name,
            std::string(kind.name),
            weight,
            kind.bounded,
            ask(half, RankingMode::lexical, weight),
            ask(half, RankingMode::semantic, weight),
            ask(half, RankingMode::hybrid, weight)};
}

std::size_t Evaluation::rank_of(const Question& question, std::span<const ranking::Ranked> hits) const {
    for (std::size_t i = 0; i < hits.size(); ++i) {
        const bool here = question.document.empty() || hits[i].spec_name == question.document;
        if (here && question.accepted.contains(std::string(hits[i].operation_id))) return i + 1;
    }
    return 0;
}

Ranks Evaluation::ask(SemanticHalf& half, RankingMode mode, double weight) const {
    std::vector<float> vector(half.dimension());
    Ranks ranks;
    ranks.reserve(questions_.size());
    for (std::size_t i = 0; i < questions_.size(); ++i) {
        half.embed(questions_[i].text, *answers_[i], vector);
        ranks.push_back(rank_of(questions_[i], index_.rank({.text = questions_[i].text,
                                                            .vector = vector,
                                                            .mode = mode,
                                                            .limit = deepest_rank,
                                                            .semantic_weight = weight})));
    }
    return ranks;
}

std::string Evaluation::misses(SemanticHalf& half, double weight) const {
    constexpr std::size_t shown = 5;
    std::vector<float> vector(half.dimension());
    std::string text;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
        half.embed(questions_[i].text, *answers_[i], vector);
        const auto hits = index_.rank({.text = questions_[i].text,
                                       .vector = vector,
                                       .mode = RankingMode::hybrid,
                                       .limit = deepest_rank,
                                       .semantic_weight = weight});
        const std::size_t rank = rank_of(questions_[i], hits);
        if (rank > 0 && rank <= shown) continue;
        text += fmt::format("  {}: {}\n", rank == 0 ? "not found" : fmt::format("{:9}", rank), questions_[i].text);
        for (std::size_t k = 0; k < hits.size() && k < shown; ++k)
            text += fmt::format("      {:.3f} {}\n", hits[k].score, hits[k].operation_id);
        if (rank > 0) text += fmt::format("    … {:.3f} {}\n", hits[rank - 1].score, hits[rank - 1].operation_id);
    }
    return text;
}

}  // namespace embedq::evaluation

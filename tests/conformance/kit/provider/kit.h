// What a provider's case works with: instances, bounded calls, and checked rows.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/provider_kit.h"
#include "kit/call.h"
#include "kit/cases.h"

namespace embedq::conformance {

using namespace std::chrono_literals;  // NOLINT: for cases only

// How long after its deadline, or after a stop request, a call may take to return.
inline constexpr Steady::duration soon = 2s;
// A deadline that a sound provider does not come near.
inline constexpr Steady::duration ample = 30s;

using ProviderPtr = std::shared_ptr<Provider>;

// An EmbedRequest that owns its texts.
struct Question {
    std::vector<std::string> texts;
    TextKind kind = TextKind::document;
    std::size_t endpoint = 0;
    Steady::time_point deadline = Steady::now() + ample;
    std::stop_token stop = {};
};

// The rows of an answer: one per text, finite and not zero.
class Rows {
public:
    Rows(std::vector<float> matrix, std::size_t dimension) : matrix_(std::move(matrix)), dimension_(dimension) {}
    [[nodiscard]] std::size_t size() const noexcept { return matrix_.size() / dimension_; }
    [[nodiscard]] std::span<const float> operator[](std::size_t row) const {
        return std::span(matrix_).subspan(row * dimension_, dimension_);
    }

private:
    std::vector<float> matrix_;
    std::size_t dimension_;
};

[[nodiscard]] double cosine(std::span<const float> one, std::span<const float> other);
// Servers round differently for batches and for single texts, so rows are equal if they have nearly the same direction.
[[nodiscard]] bool same(std::span<const float> one, std::span<const float> other);
void expect_same(std::span<const float> one, std::span<const float> other, const std::string& which,
                 std::source_location where = std::source_location::current());
// Row by row.
void expect_same(const Rows& one, const Rows& other, const std::string& which,
                 std::source_location where = std::source_location::current());

// Why a row is not a vector; empty if it is one.
[[nodiscard]] std::string problem_with(std::span<const float> row);
// True for what is charged to a text: invalid_input, or too_large for a request.
[[nodiscard]] bool is_refusal(const Error& error);

class ProviderKit {
public:
    explicit ProviderKit(const ProviderVariants& variants) : variants_(variants) {}

    // --- instances
    // The case's own, made on first use.
    [[nodiscard]] const ProviderPtr& provider();
    void drop_provider() { provider_.reset(); }
    [[nodiscard]] ProviderPtr another() const;
    [[nodiscard]] ProviderPtr slow() const;
    [[nodiscard]] ProviderPtr refusing() const;
    [[nodiscard]] const ProviderVariants& variants() const noexcept { return variants_; }

    // --- what it reports about itself
    [[nodiscard]] static ProviderInfo info_of(const ProviderPtr& provider, std::stop_token stop = {});
    [[nodiscard]] const ProviderInfo& info();
    // Texts that one request may hold, `wanted` at most.
    [[nodiscard]] std::size_t batch(std::size_t wanted);
    // `wanted` different texts, or as many as one request may hold.
    [[nodiscard]] std::vector<std::string> texts(std::size_t wanted = 5);

    // --- calls
    [[nodiscard]] static Call<Result<EmbedResult>> begin(const ProviderPtr& provider, Question question);
    // Ends the case if there is no answer soon after the deadline.
    [[nodiscard]] static Result<EmbedResult> ask(const ProviderPtr& provider, Question question);
    // The rows of an answer without errors, or the end of the case.
    [[nodiscard]] Rows rows(const ProviderPtr& provider, Question question);
    [[nodiscard]] Rows rows(Question question) { return rows(provider(), std::move(question)); }
    [[nodiscard]] Rows rows(std::vector<std::string> texts, TextKind kind = TextKind::document) {
        return rows(Question{.texts = std::move(texts), .kind = kind});
    }

private:
    const ProviderVariants variants_;
    ProviderPtr provider_;
    std::unique_ptr<ProviderInfo> info_;
};

using ProviderCase = KitCase<ProviderKit>;

[[nodiscard]] std::string unless_batches(ProviderKit& kit);
[[nodiscard]] std::string unless_slow(ProviderKit& kit);
[[nodiscard]] std::string unless_refusing(ProviderKit& kit);

// Where the cases are, by subject.
[[nodiscard]] std::vector<ProviderCase> info_cases();
[[nodiscard]] std::vector<ProviderCase> shape_cases();
[[nodiscard]] std::vector<ProviderCase> order_cases();
[[nodiscard]] std::vector<ProviderCase> odd_text_cases();
[[nodiscard]] std::vector<ProviderCase> refusal_cases();
[[nodiscard]] std::vector<ProviderCase> time_cases();
[[nodiscard]] std::vector<ProviderCase> instance_cases();

}  // namespace embedq::conformance

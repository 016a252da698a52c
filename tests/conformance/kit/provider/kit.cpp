#include "kit/provider/kit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>

namespace embedq::conformance {
namespace {

constexpr double same_direction = 0.9999;

// With different words, so that no sound model confuses them.
constexpr std::array<std::string_view, 5> sample_texts = {
    "List all invoices of a customer", "Delete a webhook subscription",           "Upload an image to the gallery",
    "Restart the virtual machine",     "Search for flights between two airports",
};

std::string calls(std::size_t texts) {
    return "embed() of " + std::to_string(texts) + (texts == 1 ? " text" : " texts");
}

std::string first_lines(const std::vector<TextError>& errors) {
    std::string words;
    for (const TextError& error : errors | std::views::take(3)) {
        words += "; text " + std::to_string(error.index) + ": " + text_of(error.error);
    }
    return words;
}

}  // namespace

double cosine(std::span<const float> one, std::span<const float> other) {
    double dot = 0;
    double first = 0;
    double second = 0;
    for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
        dot += static_cast<double>(one[i]) * static_cast<double>(other[i]);
        first += static_cast<double>(one[i]) * static_cast<double>(one[i]);
        second += static_cast<double>(other[i]) * static_cast<double>(other[i]);
    }
    return dot / std::sqrt(first * second);
}

bool same(std::span<const float> one, std::span<const float> other) {
    return one.size() == other.size() && cosine(one, other) > same_direction;
}

void expect_same(std::span<const float> one, std::span<const float> other, const std::string& which,
                 std::source_location where) {
    if (same(one, other)) return;
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << which << ": the cosine is " << cosine(one, other) << ", but must be above " << same_direction;
}

void expect_same(const Rows& one, const Rows& other, const std::string& which, std::source_location where) {
    if (one.size() != other.size()) throw CaseEnded(which + ": the numbers of rows differ", where);
    for (std::size_t i = 0; i < one.size(); ++i)
        expect_same(one[i], other[i], which + ", row " + std::to_string(i), where);
}

std::string problem_with(std::span<const float> row) {
    if (!std::ranges::all_of(row, [](float value) { return std::isfinite(value); }))
        return "has a number that is not finite";
    if (std::ranges::all_of(row, [](float value) { return value == 0.0F; })) return "is all zeros";
    return {};
}

bool is_refusal(const Error& error) {
    return error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::too_large;
}

const ProviderPtr& ProviderKit::provider() {
    if (provider_ == nullptr) provider_ = another();
    return provider_;
}

ProviderPtr ProviderKit::another() const {
    return make_instance<Provider>(variants_.make, "the provider");
}

ProviderPtr ProviderKit::slow() const {
    return make_instance<Provider>(variants_.slow, "the slow variant");
}

ProviderPtr ProviderKit::refusing() const {
    return make_instance<Provider>(variants_.refusing, "the refusing variant");
}

ProviderInfo ProviderKit::info_of(const ProviderPtr& provider, std::stop_token stop) {
    Call<Result<ProviderInfo>> call("info()", [provider, stop] { return provider->info(stop); });
    return value_of(call.result(ample), "info()");
}

const ProviderInfo& ProviderKit::info() {
    if (info_ == nullptr) info_ = std::make_unique<ProviderInfo>(info_of(provider()));
    return *info_;
}

std::size_t ProviderKit::batch(std::size_t wanted) {
    constexpr std::size_t longest_sample = 64;
    const ProviderLimits& limits = info().limits;
    std::size_t most = wanted;
    if (limits.max_inputs > 0) most = std::min(most, limits.max_inputs);
    if (limits.max_request_bytes > 0)
        most = std::min(most, std::max<std::size_t>(1, limits.max_request_bytes / longest_sample));
    return most;
}

std::vector<std::string> ProviderKit::texts(std::size_t wanted) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < batch(wanted); ++i) {
        texts.emplace_back(sample_texts[i % sample_texts.size()]);
        if (i >= sample_texts.size()) texts.back() += " number " + std::to_string(i);
    }
    return texts;
}

Call<Result<EmbedResult>> ProviderKit::begin(const ProviderPtr& provider, Question question) {
    const std::string what = calls(question.texts.size());
    return {what, [provider, question = std::move(question)] {
                const std::vector<std::string_view> views(question.texts.begin(), question.texts.end());
                return provider->embed({.texts = views,
                                        .kind = question.kind,
                                        .endpoint = question.endpoint,
                                        .deadline = question.deadline,
                                        .stop = question.stop});
            }};
}

Result<EmbedResult> ProviderKit::ask(const ProviderPtr& provider, Question question) {
    const bool bounded = question.deadline != Steady::time_point::max();
    const auto left = bounded ? std::max(question.deadline - Steady::now(), Steady::duration::zero()) : ample;
    return begin(provider, std::move(question)).result(left + soon);
}

Rows ProviderKit::rows(const ProviderPtr& provider, Question question) {
    const std::size_t texts = question.texts.size();
    EmbedResult result = value_of(ask(provider, std::move(question)), calls(texts));
    if (!result.errors.empty()) {
        throw CaseEnded(calls(texts) + " gave " + std::to_string(result.errors.size()) +
                        " errors of texts, but none is at fault" + first_lines(result.errors));
    }
    const std::size_t dimension = info().dimension;
    if (result.dimension != dimension) {
        throw CaseEnded(calls(texts) + " gave the dimension " + std::to_string(result.dimension) + ", but info() has " +
                        std::to_string(dimension));
    }
    if (result.matrix.size() != texts * dimension) {
        throw CaseEnded(calls(texts) + " gave " + std::to_string(result.matrix.size()) + " numbers, but " +
                        std::to_string(texts) + " rows of dimension " + std::to_string(dimension) + " are wanted");
    }
    Rows rows(std::move(result.matrix), dimension);
    for (std::size_t i = 0; i < texts; ++i) {
        const std::string fault = problem_with(rows[i]);
        if (!fault.empty()) throw CaseEnded(calls(texts) + ": row " + std::to_string(i) + " " + fault);
    }
    return rows;
}

std::string unless_batches(ProviderKit& kit) {
    return kit.batch(2) >= 2 ? "" : "the provider takes one text per request";
}

std::string unless_slow(ProviderKit& kit) {
    return kit.variants().slow ? "" : "there is no slow variant of the provider to try it with";
}

std::string unless_refusing(ProviderKit& kit) {
    return kit.variants().refusing ? "" : "there is no refusing variant of the provider to try it with";
}

}  // namespace embedq::conformance

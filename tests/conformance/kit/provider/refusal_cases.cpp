// One text that the provider refuses: the error names it, alone it is refused as invalid input, and every other text
// gets its vector.
#include <algorithm>
#include <deque>
#include <set>

#include "kit/provider/kit.h"

namespace embedq::conformance {
namespace {

const std::string& a_refused_text() {
    static const std::string text = "Please " + std::string(refused_text) + " text at once";
    return text;
}

void expect_invalid_input(const Error& error, const std::string& what) {
    EXPECT_EQ(to_string(error.kind), to_string(ErrorKind::invalid_input)) << what << ": " << to_string(error);
    EXPECT_FALSE(to_string(error).empty()) << what << " has no message, which people see as the reason";
}

void alone_it_is_invalid_input(ProviderKit& kit) {
    const auto answer = ProviderKit::ask(kit.refusing(), {.texts = {a_refused_text()}});
    if (!answer) return expect_invalid_input(answer.error(), "the refusal of the call");
    if (answer->errors.empty()) throw CaseEnded("the refusing variant gave a vector to '" + a_refused_text() + "'");
    EXPECT_EQ(answer->errors.size(), 1U);
    EXPECT_EQ(answer->errors[0].index, 0U);
    expect_invalid_input(answer->errors[0].error, "the refusal of the text");
}

// Either the whole call is refused with a kind that makes the host halve it, or exactly the texts at fault are refused.
void expect_refused(ProviderKit& kit, const ProviderPtr& provider, const std::vector<std::string>& texts) {
    const auto answer = ProviderKit::ask(provider, {.texts = texts});
    if (!answer) {
        EXPECT_TRUE(is_refusal(answer.error()))
            << "a call with a refused text must be invalid_input or too_large, so that the host "
               "halves it, but embed() returned "
            << text_of(answer.error());
        return;
    }
    std::set<std::size_t> at_fault;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].contains(refused_text)) at_fault.insert(i);
    }
    std::set<std::size_t> named;
    for (const TextError& error : answer->errors) {
        EXPECT_TRUE(named.insert(error.index).second) << "text " << error.index << " has two errors";
        expect_invalid_input(error.error, "the refusal of text " + std::to_string(error.index));
    }
    EXPECT_EQ(named, at_fault) << "other texts have errors than those that hold '" << refused_text << "'";
    // All are refused, so there are no rows.
    if (answer->matrix.empty() && at_fault.size() == texts.size()) return;
    if (answer->matrix.size() != texts.size() * kit.info().dimension)
        throw CaseEnded("the answer does not have one row per text");
    const Rows rows(answer->matrix, kit.info().dimension);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (at_fault.contains(i)) continue;
        expect_same(rows[i], kit.rows(provider, {.texts = {texts[i]}})[0], "'" + texts[i] + "' beside a refused text");
    }
}

void in_a_batch_it_is_named(ProviderKit& kit) {
    const ProviderPtr provider = kit.refusing();
    const auto texts = kit.texts(4);
    for (std::size_t place = 0; place < texts.size(); ++place) {
        auto batch = texts;
        batch[place] = a_refused_text();
        expect_refused(kit, provider, batch);
    }
}

void several_in_a_batch_are_named(ProviderKit& kit) {
    auto texts = kit.texts(4);
    texts.front() = a_refused_text();
    texts.back() = a_refused_text() + ", too";
    expect_refused(kit, kit.refusing(), texts);
}

void a_batch_without_it_is_embedded(ProviderKit& kit) {
    const ProviderPtr provider = kit.refusing();
    (void)ProviderKit::ask(provider, {.texts = {a_refused_text()}});
    EXPECT_EQ(kit.rows(provider, {.texts = kit.texts()}).size(), kit.texts().size()) << "after a refusal";
}

// Halves a call that is refused as a whole, as the host does.
void halving_finds_it(ProviderKit& kit) {
    const ProviderPtr provider = kit.refusing();
    auto texts = kit.texts(8);
    texts[texts.size() / 2] = a_refused_text();
    std::set<std::string> embedded;
    std::set<std::string> refused;
    std::deque<std::vector<std::string>> batches = {texts};
    while (!batches.empty()) {
        const auto batch = batches.front();
        batches.pop_front();
        const auto answer = ProviderKit::ask(provider, {.texts = batch});
        if (!answer && batch.size() > 1 && is_refusal(answer.error())) {
            const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
            batches.emplace_back(batch.begin(), middle);
            batches.emplace_back(middle, batch.end());
        } else if (!answer) {
            expect_invalid_input(answer.error(), "the refusal of '" + batch[0] + "'");
            refused.insert(batch.begin(), batch.end());
        } else {
            embedded.insert(batch.begin(), batch.end());
            for (const TextError& error : answer->errors) {
                if (error.index >= batch.size())
                    throw CaseEnded("an error names text " + std::to_string(error.index) + " of " +
                                    std::to_string(batch.size()));
                refused.insert(batch[error.index]);
                embedded.erase(batch[error.index]);
            }
        }
    }
    EXPECT_EQ(refused, std::set<std::string>{a_refused_text()});
    EXPECT_EQ(embedded.size(), texts.size() - 1);
}

std::string unless_refusing_batches(ProviderKit& kit) {
    const std::string reason = unless_refusing(kit);
    return reason.empty() ? unless_batches(kit) : reason;
}

}  // namespace

std::vector<ProviderCase> refusal_cases() {
    return {
        {"per_text_errors", "alone_it_is_invalid_input", alone_it_is_invalid_input, unless_refusing},
        {"per_text_errors", "in_a_batch_it_is_named", in_a_batch_it_is_named, unless_refusing_batches},
        {"per_text_errors", "several_in_a_batch_are_named", several_in_a_batch_are_named, unless_refusing_batches},
        {"per_text_errors", "a_batch_without_it_is_embedded", a_batch_without_it_is_embedded, unless_refusing},
        {"poison_is_isolated", "halving_finds_it", halving_finds_it, unless_refusing_batches},
    };
}

}  // namespace embedq::conformance

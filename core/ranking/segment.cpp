#include "ranking/segment.h"

#include <algorithm>

#include "embedq/support/words.h"

namespace embedq::ranking {
namespace {

// A field's weight, its typical length in terms, and how strongly its length counts.
struct Field {
    float weight;
    float typical_length;
    float length_effect;
};
constexpr Field summary_field{3.0F, 5, 0.5F};
constexpr Field id_field{2.0F, 5, 0.5F};
constexpr Field path_field{1.5F, 4, 0.5F};
constexpr Field tag_field{0.8F, 2, 0.3F};
constexpr Field text_field{1.0F, 40, 0.75F};
constexpr float parameter_share = 0.25F;  // a path's parameter counts less than a literal segment

struct Occurrence {
    TermId term;
    std::uint32_t operation;
    float frequency;
    bool head;
};

float share(const Field& field, std::size_t length) {
    return field.weight /
           (1 - field.length_effect + field.length_effect * static_cast<float>(length) / field.typical_length);
}

// The verbs of the first word that is a verb, among the first `within` words.
Verbs leading_verbs(std::string_view text, std::size_t within) {
    Verbs found = 0;
    std::size_t seen = 0;
    for_each_word(text, [&](std::string_view word) {
        if (found == 0 && seen++ < within) found = verbs_of_word(word);
    });
    return found;
}

// Calls visit(segment, is_parameter) for each segment of the path.
template <class Visit>
void each_path_segment(std::string_view path, Visit&& visit) {
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view segment = path.substr(begin, end - begin);
        if (!segment.empty()) visit(segment, segment.front() == '{' || segment.front() == ':');
        begin = end + 1;
    }
}

class OperationReader {
public:
    OperationReader(TermReader& reader, std::vector<Occurrence>& out) : reader_(reader), out_(out) {}

    OperationFacts read(const Operation& operation, std::uint32_t number) {
        number_ = number;
        own_.clear();
        OperationFacts facts;
        facts.read = operation.method == "GET" || operation.method == "HEAD";
        const bool summarised = !operation.summary.empty();
        add(operation.summary, summary_field, true);
        add(operation.operation_id, id_field, !summarised);
        read_path(operation.path, facts);
        std::string tags;
        for (const std::string& tag : operation.tags) tags.append(tag).append(" ");
        add(tags, tag_field, false);
        add(operation.text, text_field, false);
        // "repos/get", "listUsers": the verb is among the first words of an id, and the first word of a summary.
        facts.verbs = verbs_of_method(operation.method) | leading_verbs(operation.summary, 1) |
                      leading_verbs(operation.operation_id, 3);
        facts.head_terms = merge();
        return facts;
    }

private:
    void add(std::string_view text, const Field& field, bool head) {
        terms_.clear();
        reader_.read(text, terms_);
        const float each = share(field, terms_.size());
        for (const TermId term : terms_) own_.push_back({term, number_, each, head});
    }

    void read_path(std::string_view path, OperationFacts& facts) {
        std::size_t literals = 0;
        each_path_segment(path, [&](std::string_view, bool parameter) {
            literals += parameter ? 0 : 1;
            facts.item = parameter;
        });
        facts.depth = static_cast<std::uint8_t>(std::min<std::size_t>(literals, 255));
        const float each = share(path_field, literals);
        each_path_segment(path, [&](std::string_view segment, bool parameter) {
            terms_.clear();
            reader_.read(segment, terms_);
            for (const TermId term : terms_)
                own_.push_back({term, number_, parameter ? each * parameter_share : each, false});
        });
    }

    // One occurrence per term; returns how many of them are in the head.
    std::uint8_t merge() {
        std::stable_sort(own_.begin(), own_.end(),
                         [](const Occurrence& a, const Occurrence& b) { return a.term < b.term; });
        std::size_t heads = 0;
        for (std::size_t i = 0; i < own_.size();) {
            Occurrence sum = own_[i];
            for (++i; i < own_.size() && own_[i].term == sum.term; ++i) {
                sum.frequency += own_[i].frequency;
                sum.head = sum.head || own_[i].head;
            }
            heads += sum.head ? 1 : 0;
            out_.push_back(sum);
        }
        return static_cast<std::uint8_t>(std::min<std::size_t>(heads, 255));
    }

    TermReader& reader_;
    std::vector<Occurrence>& out_;
    std::uint32_t number_ = 0;
    std::vector<Occurrence> own_;
    std::vector<TermId> terms_;
};

}  // namespace

TermId Dictionary::add(std::string_view stem) {
    if (const TermId* const found = find(stem)) return *found;
    const auto id = static_cast<TermId>(frequencies_.size());
    ids_.emplace(stem, id);
    frequencies_.push_back(0);
    return id;
}

std::uint32_t Dictionary::frequency(std::string_view stem) const {
    const TermId* const found = find(stem);
    return found ? frequencies_[*found] : 0;
}

const TermId* Dictionary::find(std::string_view stem) const {
    const auto found = ids_.find(stem);
    return found == ids_.end() ? nullptr : &found->second;
}

void Dictionary::count(TermId term, std::int64_t change) {
    frequencies_[term] = static_cast<std::uint32_t>(static_cast<std::int64_t>(frequencies_[term]) + change);
}

std::size_t Dictionary::memory() const noexcept {
    constexpr std::size_t node = sizeof(std::string) + sizeof(TermId) + 3 * sizeof(void*);
    return ids_.size() * node + ids_.bucket_count() * sizeof(void*) + frequencies_.capacity() * sizeof(std::uint32_t);
}

void TermReader::read(std::string_view text, std::vector<TermId>& out) {
    constexpr std::size_t max_cached_words = 32768;
    for_each_word(text, [&](std::string_view word) {
        if (is_stop_word(word)) return;
        if (cache_.size() > max_cached_words) cache_.clear();
        const auto [entry, is_new] = cache_.try_emplace(std::string(word));
        if (is_new) {
            const std::string_view full = expansion(word);
            for_each_word(full.empty() ? word : full, [&](std::string_view part) {
                entry->second.push_back(dictionary_.add(stemmer_.stem(part)));
            });
        }
        out.insert(out.end(), entry->second.begin(), entry->second.end());
    });
}

Segment::Segment(std::span<const Operation> operations, std::span<const std::uint32_t> texts, Dictionary& dictionary,
                 TermReader& reader) {
    std::vector<Occurrence> occurrences;
    OperationReader operation_reader(reader, occurrences);
    facts_.reserve(operations.size());
    string_ends_.reserve(operations.size() * 4);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const Operation& operation = operations[i];
        facts_.push_back(operation_reader.read(operation, static_cast<std::uint32_t>(i)));
        facts_.back().text = texts[i];
        for (const std::string* text :
             {&operation.operation_id, &operation.method, &operation.path, &operation.summary}) {
            strings_ += *text;
            string_ends_.push_back(static_cast<std::uint32_t>(strings_.size()));
        }
    }
    strings_.shrink_to_fit();

    std::stable_sort(occurrences.begin(), occurrences.end(),
                     [](const Occurrence& a, const Occurrence& b) { return a.term < b.term; });
    operations_.reserve(occurrences.size());
    weights_.reserve(occurrences.size());
    for (const Occurrence& occurrence : occurrences) {
        if (terms_.empty() || terms_.back() != occurrence.term) {
            terms_.push_back(occurrence.term);
            starts_.push_back(static_cast<std::uint32_t>(operations_.size()));
        }
        dictionary.count(occurrence.term, 1);
        operations_.push_back(occurrence.operation);
        const float steps = std::clamp(occurrence.frequency * frequency_unit + 0.5F, 1.0F, 32767.0F);
        weights_.push_back(
            static_cast<std::uint16_t>(static_cast<std::uint16_t>(steps) | (occurrence.head ? head_bit : 0U)));
    }
    starts_.push_back(static_cast<std::uint32_t>(operations_.size()));
    terms_.shrink_to_fit();
    starts_.shrink_to_fit();
}

void Segment::discount(Dictionary& dictionary) const {
    for (std::size_t i = 0; i < terms_.size(); ++i)
        dictionary.count(terms_[i], -static_cast<std::int64_t>(starts_[i + 1] - starts_[i]));
}

std::string_view Segment::string(std::size_t operation, std::size_t field) const {
    const std::size_t at = operation * 4 + field;
    const std::size_t begin = at == 0 ? 0 : string_ends_[at - 1];
    return std::string_view(strings_).substr(begin, string_ends_[at] - begin);
}

std::pair<std::size_t, std::size_t> Segment::range(TermId term) const {
    const auto found = std::lower_bound(terms_.begin(), terms_.end(), term);
    if (found == terms_.end() || *found != term) return {0, 0};
    const auto at = static_cast<std::size_t>(found - terms_.begin());
    return {starts_[at], starts_[at + 1]};
}

std::size_t Segment::memory() const noexcept {
    return sizeof(*this) + strings_.capacity() + facts_.capacity() * sizeof(OperationFacts) +
           weights_.capacity() * sizeof(std::uint16_t) +
           (string_ends_.capacity() + terms_.capacity() + starts_.capacity() + operations_.capacity()) *
               sizeof(std::uint32_t);
}

}  // namespace embedq::ranking

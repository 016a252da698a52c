// Writes vector_table.inc: a short vector for each common stem, so that questions and the descriptions that answer them
// are close to each other.
//
// usage: embedq_derive_vectors OPERATIONS.TSV GLOSSARY.TSV WORDNET_FOLDER STEMS DIMENSION STEPS > vector_table.inc
//
// The vector of a text is the sum of its stems' vectors. They are learned from pairs with the same meaning: an
// operation's summary (some of its words replaced by WordNet's synonyms) and the rest of its text, a property and its
// description, a word of WordNet and its definition. Each half must find its partner among those of its batch, half of
// which come from the same document. The generator is seeded: the same input gives the same table on one machine.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "embedq/support/words.h"
#include "lexical/derive_wordnet.h"
#include "lexical/embedder.h"
#include "words/common.h"
#include "words/stemmer.h"

namespace {

using embedq::lexical::read_wordnet;
using embedq::lexical::WordNet;

using Stems = std::vector<int>;  // numbers of stems
using Random = std::mt19937;

constexpr std::size_t batch_size = 128;
constexpr float sharpness = 14;  // of the softmax over the batch
constexpr float learning_rate = 0.06F;
constexpr float initial_length = 0.25F;  // small, so that a stem that hardly ever occurred has little effect
constexpr float replace_share = 0.35F;   // of a summary's words, by a synonym
constexpr float hide_share = 0.6F;       // of the words that both halves have, from the second
constexpr float hiding_share = 0.7F;     // of the pairs
constexpr float glossary_share = 0.25F;
constexpr float definition_share = 0.3F;    // of the batches
constexpr std::size_t max_text_stems = 60;  // stems
constexpr double publisher_cap = 300;
constexpr double fade_words = 12;

float uniform(Random& random) {
    return static_cast<float>(random() >> 8) / static_cast<float>(1U << 24);
}
std::size_t below(Random& random, std::size_t bound) {
    return random() % bound;
}

// Stems to numbers; -1 for those that are not in the table.
class Vocabulary {
public:
    template <class Visit>
    void each_stem(std::string_view text, Visit&& visit) {
        embedq::for_each_word(text, [&](std::string_view word) {
            if (embedq::words::is_stop_word(word)) return;
            const std::string_view full = embedq::words::expansion(word);
            embedq::for_each_word(full.empty() ? word : full,
                                  [&](std::string_view part) { visit(std::string(stemmer_.stem(part))); });
        });
    }
    Stems read(std::string_view text) {
        Stems stems;
        each_stem(text, [&](const std::string& stem) {
            if (const auto found = numbers_.find(stem); found != numbers_.end() && stems.size() < max_text_stems)
                stems.push_back(found->second);
        });
        return stems;
    }
    void keep(const std::vector<std::string>& stems) {
        for (const std::string& stem : stems) {
            if (numbers_.emplace(stem, static_cast<int>(names_.size())).second) names_.push_back(stem);
        }
    }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

private:
    embedq::words::Stemmer stemmer_;
    std::unordered_map<std::string, int> numbers_;
    std::vector<std::string> names_;
};

struct Operation {
    std::string summary, rest;
    Stems question, text;
};

using Documents = std::map<std::string, std::map<std::string, std::vector<Operation>>>;  // by publisher and document

Documents read_operations(const char* path) {
    Documents documents;
    std::unordered_map<std::string, int> seen;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::vector<std::string> row(1);
        for (const char c : line) {
            if (c == '\t') {
                row.emplace_back();
            } else {
                row.back() += c;
            }
        }
        if (row.size() < 7 || row[4].empty() || seen[row[6]]++ > 0) continue;
        const bool leads = row[6].starts_with(row[4]);
        documents[row[0].substr(0, row[0].find('/'))][row[0]].push_back(
            {row[4], leads ? row[6].substr(row[4].size()) : row[6], {}, {}});
    }
    return documents;
}

struct Pair {
    Stems question, text;
};

// Words with their definitions, and the synonyms that may replace a stem.
struct Lexicon {
    std::vector<Pair> definitions;
    std::vector<std::vector<Stems>> synonyms;  // of a stem
};

Lexicon make_lexicon(const WordNet& net, Vocabulary& vocabulary) {
    Lexicon lexicon;
    lexicon.synonyms.resize(vocabulary.names().size());
    for (const auto& [lemma, senses] : net.senses) {
        const Stems own = vocabulary.read(lemma);
        if (own.empty() || own.size() > 3) continue;
        for (const std::string& key : senses) {
            const auto found = net.synsets.find(key);
            if (found == net.synsets.end()) continue;
            std::string definition;
            for (const std::string& other : found->second.lemmas) {
                if (other == lemma) continue;
                definition += other + " ";
                const Stems stems = vocabulary.read(other);
                if (own.size() == 1 && !stems.empty())
                    lexicon.synonyms[static_cast<std::size_t>(own[0])].push_back(stems);
            }
            for (const std::string& above : found->second.above) {
                if (const auto up = net.synsets.find(above); up != net.synsets.end())
                    definition += up->second.lemmas.front() + " ";
            }
            Stems stems = vocabulary.read(definition + found->second.gloss);
            if (!stems.empty()) lexicon.definitions.push_back({own, std::move(stems)});
        }
    }
    return lexicon;
}

std::vector<Pair> read_glossary(const char* path, Vocabulary& vocabulary) {
    std::vector<Pair> pairs;
    std::ifstream file(path);
    std::string publisher, name, description;
    while (std::getline(file, publisher, '\t') && std::getline(file, name, '\t') && std::getline(file, description)) {
        Pair pair{vocabulary.read(name), vocabulary.read(description)};
        if (!pair.question.empty() && !pair.text.empty()) pairs.push_back(std::move(pair));
    }
    return pairs;
}

class Model {
public:
    Model(std::size_t stems, std::size_t dimension, const std::vector<float>& worth, Random& random)
        : dimension_(dimension), weights_(stems * dimension), spent_(stems, 1e-3F) {
        std::normal_distribution<float> normal(0, 1);
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            weights_[i] =
                initial_length * normal(random) * worth[i / dimension] / std::sqrt(static_cast<float>(dimension));
        }
    }
    [[nodiscard]] const float* row(std::size_t stem) const { return &weights_[stem * dimension_]; }

    void learn(const std::vector<Pair>& batch) {
        const std::size_t n = batch.size(), d = dimension_;
        std::vector<float> a(n * d), b(n * d), size_a(n), size_b(n), step_a(n * d), step_b(n * d);
        for (std::size_t i = 0; i < n; ++i) {
            size_a[i] = sum(batch[i].question, &a[i * d]);
            size_b[i] = sum(batch[i].text, &b[i * d]);
        }
        std::vector<float> shares(n);
        for (std::size_t i = 0; i < n; ++i) {
            float total = 0;
            for (std::size_t j = 0; j < n; ++j) {
                float dot = 0;
                for (std::size_t k = 0; k < d; ++k) dot += a[i * d + k] * b[j * d + k];
                total += shares[j] = std::exp(sharpness * (dot - 1));
            }
            loss_ += 0.001F * (-std::log(shares[i] / total) - loss_);
            for (std::size_t j = 0; j < n; ++j) {
                const float step = sharpness * (shares[j] / total - (i == j ? 1.0F : 0.0F)) / sharpness;
                for (std::size_t k = 0; k < d; ++k) {
                    step_a[i * d + k] += step * b[j * d + k];
                    step_b[j * d + k] += step * a[i * d + k];
                }
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            apply(batch[i].question, &a[i * d], size_a[i], &step_a[i * d]);
            apply(batch[i].text, &b[i * d], size_b[i], &step_b[i * d]);
        }
    }
    [[nodiscard]] float loss() const { return loss_; }
    float rate = learning_rate;

private:
    static float place(std::size_t i) { return static_cast<float>(fade_words / (fade_words + static_cast<double>(i))); }

    float sum(const Stems& stems, float* out) const {
        for (std::size_t i = 0; i < stems.size(); ++i) {
            const float* const own = row(static_cast<std::size_t>(stems[i]));
            for (std::size_t k = 0; k < dimension_; ++k) out[k] += own[k] * place(i);
        }
        float squares = 1e-12F;
        for (std::size_t k = 0; k < dimension_; ++k) squares += out[k] * out[k];
        const float size = std::sqrt(squares);
        for (std::size_t k = 0; k < dimension_; ++k) out[k] /= size;
        return size;
    }

    // Backpropagates through the normalisation to the words, with one adaptive rate per word.
    void apply(const Stems& stems, const float* unit, float size, float* step) {
        float along = 0;
        for (std::size_t k = 0; k < dimension_; ++k) along += unit[k] * step[k];
        float squares = 0;
        for (std::size_t k = 0; k < dimension_; ++k) {
            step[k] = (step[k] - along * unit[k]) / size;
            squares += step[k] * step[k];
        }
        for (std::size_t i = 0; i < stems.size(); ++i) {
            const auto stem = static_cast<std::size_t>(stems[i]);
            const float share = place(i);
            spent_[stem] += squares * share * share / static_cast<float>(dimension_);
            const float by = rate * share / std::sqrt(spent_[stem]);
            for (std::size_t k = 0; k < dimension_; ++k) weights_[stem * dimension_ + k] -= by * step[k];
        }
    }

    std::size_t dimension_;
    std::vector<float> weights_;
    std::vector<float> spent_;
    float loss_ = 5;
};

Stems replaced(const Stems& stems, const Lexicon& lexicon, Random& random) {
    Stems result;
    for (const int stem : stems) {
        const auto& others = lexicon.synonyms[static_cast<std::size_t>(stem)];
        if (others.empty() || uniform(random) > replace_share) {
            result.push_back(stem);
        } else {
            const Stems& other = others[below(random, others.size())];
            result.insert(result.end(), other.begin(), other.end());
        }
    }
    return result;
}

Pair make_pair(const Stems& question, const Stems& text, const Lexicon& lexicon, Random& random) {
    Pair pair{replaced(question, lexicon, random), {}};
    const bool hides = uniform(random) < hiding_share;
    for (const int stem : text) {
        const bool shared = std::find(pair.question.begin(), pair.question.end(), stem) != pair.question.end();
        if (!shared || !hides || uniform(random) > hide_share) pair.text.push_back(stem);
    }
    return pair;
}

// The stems that get a vector: those of many publishers, then those of WordNet that occur in many definitions.
std::vector<std::string> choose_stems(const Documents& documents, const WordNet& net, std::size_t count,
                                      Vocabulary& vocabulary) {
    std::map<std::string, double> frequency;
    for (const auto& [publisher, own] : documents) {
        double size = 0;
        for (const auto& [name, operations] : own) size += static_cast<double>(operations.size());
        const double each = std::min(1.0, publisher_cap / size);
        for (const auto& [name, operations] : own) {
            for (const Operation& operation : operations) {
                std::map<std::string, bool> stems;
                vocabulary.each_stem(operation.summary + " " + operation.rest,
                                     [&](const std::string& stem) { stems[stem] = true; });
                for (const auto& [stem, _] : stems) frequency[stem] += each;
            }
        }
    }
    std::erase_if(frequency, [](const auto& entry) { return entry.second < 6; });
    std::map<std::string, double> defining;
    for (const auto& [lemma, senses] : net.senses) {
        if (lemma.find(' ') == std::string::npos)
            vocabulary.each_stem(lemma, [&](const std::string& stem) { defining[stem] += 0; });
    }
    for (const auto& [key, set] : net.synsets) {
        vocabulary.each_stem(set.gloss, [&](const std::string& stem) {
            if (const auto found = defining.find(stem); found != defining.end()) found->second += 0.15;
        });
    }
    for (const auto& [stem, times] : defining) frequency[stem] += times;
    std::vector<std::pair<double, std::string>> order;
    for (const auto& [stem, times] : frequency) {
        const bool plain =
            stem.size() > 1 && std::all_of(stem.begin(), stem.end(), [](char c) { return c >= 'a' && c <= 'z'; });
        if (plain) order.emplace_back(-times, stem);
    }
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), count));
    std::vector<std::string> stems;
    for (const auto& [_, stem] : order) stems.push_back(stem);
    std::sort(stems.begin(), stems.end());
    return stems;
}

void write(const Model& model, const Vocabulary& vocabulary, std::size_t dimension) {
    for (std::size_t i = 0; i < vocabulary.names().size(); ++i) {
        const float* const row = model.row(i);
        float largest = 1e-6F;
        for (std::size_t k = 0; k < dimension; ++k) largest = std::max(largest, std::abs(row[k]));
        std::string digits;
        for (std::size_t k = 0; k < dimension; ++k) {
            const char digit = static_cast<char>(80 + std::lround(45 * row[k] / largest));
            digits += digit == '\\' ? ' ' : digit == '?' ? '!' : digit;  // no escapes, no trigraphs
        }
        std::printf("{\"%s\", %ld, \"%s\"},\n", vocabulary.names()[i].c_str(), std::lround(1000 * largest),
                    digits.c_str());
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::cerr << "usage: embedq_derive_vectors OPERATIONS.TSV GLOSSARY.TSV WORDNET_FOLDER STEMS DIMENSION STEPS > "
                     "vector_table.inc\n";
        return 2;
    }
    const std::size_t dimension = std::strtoul(argv[5], nullptr, 10), steps = std::strtoul(argv[6], nullptr, 10);
    Documents documents = read_operations(argv[1]);
    const WordNet net = read_wordnet(argv[3]);
    Vocabulary vocabulary;
    vocabulary.keep(choose_stems(documents, net, std::strtoul(argv[4], nullptr, 10), vocabulary));
    const Lexicon lexicon = make_lexicon(net, vocabulary);
    const std::vector<Pair> glossary = read_glossary(argv[2], vocabulary);
    // Weights publishers by the root of their size, so that the largest clouds do not decide what words mean.
    std::vector<const std::vector<Operation>*> groups;
    std::vector<double> worths;
    for (auto& [publisher, own] : documents) {
        double size = 0;
        for (auto& [name, operations] : own) {
            for (Operation& operation : operations) {
                operation.question = vocabulary.read(operation.summary);
                operation.text = vocabulary.read(operation.rest);
            }
            std::erase_if(operations, [](const Operation& one) { return one.question.empty() || one.text.empty(); });
            size += static_cast<double>(operations.size());
        }
        for (auto& [name, operations] : own) {
            if (operations.empty()) continue;
            groups.push_back(&operations);
            worths.push_back(static_cast<double>(operations.size()) / std::sqrt(size));
        }
    }
    std::cerr << groups.size() << " documents, " << vocabulary.names().size() << " stems, "
              << lexicon.definitions.size() << " definitions, " << glossary.size() << " names\n";
    Random random(20240229);
    std::vector<float> worth;
    for (const std::string& stem : vocabulary.names())
        worth.push_back(std::sqrt(embedq::lexical::inverse_document_frequency(stem)));
    Model model(vocabulary.names().size(), dimension, worth, random);
    std::discrete_distribution<std::size_t> choose(worths.begin(), worths.end());
    std::vector<Pair> batch;
    for (std::size_t step = 0; step < steps; ++step) {
        model.rate = learning_rate * (1 - 0.95F * static_cast<float>(step) / static_cast<float>(steps));
        batch.clear();
        const float kind = uniform(random);
        const bool defines = kind < definition_share;
        const bool names = !defines && kind < definition_share + glossary_share;
        const auto* group = groups[choose(random)];
        while (batch.size() < batch_size) {
            if (defines) {
                batch.push_back(lexicon.definitions[below(random, lexicon.definitions.size())]);
                continue;
            }
            if (batch.size() % 32 == 0) group = groups[choose(random)];
            const Operation& operation = (*group)[below(random, group->size())];
            const Pair& entry = glossary[below(random, glossary.size())];
            Pair pair = names ? make_pair(entry.question, entry.text, lexicon, random)
                              : make_pair(operation.question, operation.text, lexicon, random);
            // Two equal texts in one batch would compete with each other.
            const bool duplicate =
                std::any_of(batch.begin(), batch.end(), [&](const Pair& other) { return other.text == pair.text; });
            if (duplicate || pair.text.empty()) {
                group = groups[choose(random)];
                continue;
            }
            batch.push_back(std::move(pair));
        }
        model.learn(batch);
        if (step % 1000 == 999) std::cerr << "step " << step + 1 << " loss " << model.loss() << "\n";
    }
    write(model, vocabulary, dimension);
}

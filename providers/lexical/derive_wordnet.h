// Reads WordNet's data and index files, in the form of Debian's wordnet-base, for derive_vectors.
//
// Thread-safety: a pure function.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace embedq::lexical {

struct Synset {
    std::vector<std::string> lemmas;
    std::string gloss;
    std::vector<std::string> above;  // keys of hypernyms
};

struct WordNet {
    std::unordered_map<std::string, Synset> synsets;         // by part of speech and offset
    std::map<std::string, std::vector<std::string>> senses;  // of a lemma, the most common first
};

inline WordNet read_wordnet(const std::string& folder) {
    WordNet net;
    const auto plain = [](std::string lemma) {
        std::replace(lemma.begin(), lemma.end(), '_', ' ');
        return lemma.substr(0, lemma.find('('));
    };
    for (const auto& [name, letter] : {std::pair<std::string, std::string>{"noun", "n"}, {"verb", "v"}, {"adj", "a"}}) {
        std::ifstream data(folder + "/data." + name);
        for (std::string line; std::getline(data, line);) {
            if (line.starts_with(" ")) continue;
            std::istringstream in(line.substr(0, line.find('|')));
            std::string offset, skip, count;
            in >> offset >> skip >> skip >> count;
            Synset& set = net.synsets[letter + offset];
            for (long i = std::strtol(count.c_str(), nullptr, 16); i > 0; --i) {
                std::string lemma;
                in >> lemma >> skip;
                set.lemmas.push_back(plain(lemma));
            }
            int pointers = 0;
            in >> pointers;
            for (std::string symbol, to, pos; pointers > 0 && in >> symbol >> to >> pos >> skip; --pointers) {
                if (symbol == "@" || symbol == "+" || symbol == "*" || symbol == ">") set.above.push_back(pos + to);
            }
            set.gloss = line.find('|') == std::string::npos ? "" : line.substr(line.find('|') + 1);
            set.gloss = set.gloss.substr(0, set.gloss.find('"'));
        }
        std::ifstream index(folder + "/index." + name);
        for (std::string line; std::getline(index, line);) {
            if (line.starts_with(" ")) continue;
            std::istringstream in(line);
            std::string lemma, skip;
            int pointers = 0, count = 0, tagged = 0;
            in >> lemma >> skip >> skip >> pointers;
            for (; pointers > 0; --pointers) in >> skip;
            in >> count >> tagged;
            // Senses that do not occur in the tagged texts are rare (poetry, botany). For collocations, the first is
            // kept.
            const int kept = std::min(lemma.find('_') == std::string::npos ? tagged : 1, 3);
            if (kept == 0) continue;
            std::string offset;
            for (int i = 0; i < kept && in >> offset; ++i) net.senses[plain(lemma)].push_back(letter + offset);
        }
    }
    return net;
}

}  // namespace embedq::lexical

// Arguments that may be written in two ways: as a word at their place (`CATALOG`), or by name (`--catalog ID`). Words
// fill, in order, the places that no name filled, so that options may stand anywhere.
//
// Thread-safety: main thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace embedq::cli {

struct ArgumentPlace {
    std::string word;  // "CATALOG"
    std::string name;  // "--catalog"
    std::string type;  // "ID"
    std::string help;
    bool required = true;
    std::function<void(const std::string&)> take = {};
};

class ArgumentPlaces {
public:
    // Adds the word and the option. The command must outlive this, and be parsed before `settle`.
    void add(CLI::App& command, ArgumentPlace place);
    // Hands each argument to its `take`. Returns what is wrong, if anything is.
    [[nodiscard]] std::optional<std::string> settle() const;

private:
    struct Added {
        ArgumentPlace place;
        CLI::Option* word;
        CLI::Option* named;
    };
    std::vector<Added> places_;
};

}  // namespace embedq::cli

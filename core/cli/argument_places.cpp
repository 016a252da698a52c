#include "cli/argument_places.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <utility>

#include "cli/console.h"

namespace embedq::cli {

void ArgumentPlaces::add(CLI::App& command, ArgumentPlace place) {
    CLI::Option* word = command.add_option_function<std::string>(
        place.word, [](const std::string&) {}, fmt::format("{} (or {} {})", place.help, place.name, place.type));
    word->type_name("");
    CLI::Option* named = command.add_option_function<std::string>(
        place.name, [](const std::string&) {}, fmt::format("The same as {}", place.word));
    named->type_name(place.type);
    places_.push_back({std::move(place), word, named});
}

std::optional<std::string> ArgumentPlaces::settle() const {
    std::deque<std::string> words;
    for (const Added& each : places_) {
        if (each.word->count() > 0) words.push_back(each.word->as<std::string>());
    }
    for (const auto& [place, word, named] : places_) {
        if (named->count() > 0) {
            place.take(named->as<std::string>());
        } else if (!words.empty()) {
            place.take(words.front());
            words.pop_front();
        } else if (place.required) {
            return fmt::format("{} is missing; write it, or {} {}", place.word, place.name, place.type);
        }
    }
    if (words.empty()) return std::nullopt;
    return fmt::format("unexpected argument '{}'", plain(words.front()));
}

}  // namespace embedq::cli

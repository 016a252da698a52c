#include "arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>

namespace embedq::conformance {
namespace {

constexpr std::array kinds{PluginKind::store, PluginKind::notifier, PluginKind::provider, PluginKind::service};

const char* const about =
    "Puts plugins through the conformance kit: the cases that prove the invariants of the contract.\n"
    "Options may use ${NAME} of the environment, ${EMBEDQ_CASE_FOLDER}, an empty folder, and ${EMBEDQ_CASE_ID}, a "
    "word;\n"
    "the last two are new for each case. Let a persistent store keep its data under one of them, since every case "
    "begins\n"
    "with an empty store.";

// "NAME=VALUE" pairs. Throws CLI::ValidationError for anything else.
OptionTexts pairs(const std::vector<std::string>& texts, const std::string& option) {
    OptionTexts pairs;
    for (const std::string& text : texts) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            throw CLI::ValidationError(option, fmt::format("found '{}', expected NAME=VALUE", text));
        pairs.insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
    }
    return pairs;
}

void read_only(const std::string& text, Arguments& arguments) {
    const auto equals = text.find('=');
    const std::string kind = text.substr(0, equals);
    for (const PluginKind each : kinds) {
        if (kind == to_string(each)) arguments.only = each;
    }
    if (!arguments.only) {
        throw CLI::ValidationError(
            "--only", fmt::format("found '{}', expected store, notifier, provider, provider=NAME or service", text));
    }
    if (equals != std::string::npos) arguments.only_name = text.substr(equals + 1);
}

}  // namespace

std::variant<Arguments, Answer> read_arguments(int count, char** values) {
    Arguments arguments;
    std::vector<std::string> options;
    std::vector<std::string> slow;
    std::vector<std::string> refusing;
    std::string only;
    CLI::App app(about, "embedq-conformance");
    app.set_version_flag("--version", "embedq-conformance " EMBEDQ_VERSION);
    app.get_formatter()->column_width(30);
    CLI::Option* config =
        app.add_option(
               "--config", arguments.config,
               "The YAML file: its store, notifier, services and providers; a provider NAME.slow or NAME.refusing\n"
               "is a variant of provider NAME, as described at --slow and --refusing")
            ->type_name("FILE");
    CLI::Option* plugin = app.add_option("--plugin", arguments.plugin.file, "One plugin file instead")
                              ->type_name("FILE")
                              ->excludes(config);
    const auto pairs_option = [&](const char* name, std::vector<std::string>& into, const char* help) {
        return app.add_option(name, into, help)->type_name("NAME=VALUE")->needs(plugin)->allow_extra_args(true);
    };
    pairs_option("--options", options, "Its options");
    CLI::Option* has_slow =
        pairs_option("--slow", slow, "Further options that make a provider answer far later than any deadline");
    CLI::Option* has_refusing =
        pairs_option("--refusing", refusing, "Further options that make it refuse any text with \"refuse this\" in it");
    app.add_option("--only", only, "Only this: store, notifier, provider, provider=NAME or service")->type_name("KIND");
    app.add_option("--cases", arguments.cases,
                   "Cases whose name SUBJECT/INVARIANT.CASE matches; * and ? are wildcards, '-' begins the patterns to "
                   "leave out")
        ->type_name("GLOB");
    app.add_option("--seed", arguments.seed, "The seed of the random cases")->type_name("N");
    app.add_option("--steps", arguments.steps, "The steps of each random case")->type_name("N");
    app.add_option("--json", arguments.json, "Also write every case's result to this file")->type_name("FILE");
    app.add_flag("--verbose", arguments.verbose, "Print a line for each case");
    app.add_flag("--list", arguments.list, "List the cases, and run none");
    app.add_flag("--child", arguments.child)->group("");  // for the kit itself
    try {
        app.parse(count, values);
        if (config->empty() && plugin->empty()) throw CLI::RequiredError("--config FILE or --plugin FILE");
        if (!only.empty()) read_only(only, arguments);
        arguments.plugin.options = pairs(options, "--options");
        if (!has_slow->empty()) arguments.plugin.slow = pairs(slow, "--slow");
        if (!has_refusing->empty()) arguments.plugin.refusing = pairs(refusing, "--refusing");
    } catch (const CLI::CallForHelp&) {
        return Answer{0, app.help()};
    } catch (const CLI::CallForVersion& version) {
        return Answer{0, std::string(version.what()) + "\n"};
    } catch (const CLI::ParseError& error) {
        return Answer{2, fmt::format("embedq-conformance: {}; see embedq-conformance --help\n", error.what())};
    }
    return arguments;
}

}  // namespace embedq::conformance

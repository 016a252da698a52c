// The plugin `simulated`: options and factory.
#include "embedq/plugin.h"

#include <array>
#include <memory>
#include <utility>

#include "simulated/simulated_provider.h"

namespace {

using namespace embedq;
using std::chrono::milliseconds;

constexpr double hour = 3600e3;

constexpr std::array option_table = {
    OptionSpec{.name = "latency",
               .type = OptionType::duration,
               .default_value = "0ms",
               .help = "Time that each call takes.",
               .minimum = 0,
               .maximum = hour},
    OptionSpec{.name = "latency_per_input",
               .type = OptionType::duration,
               .default_value = "0ms",
               .help = "Additional time that a call takes for each of its texts.",
               .minimum = 0,
               .maximum = hour},
    OptionSpec{.name = "model",
               .type = OptionType::text,
               .default_value = "simulated",
               .help = "The model's name. Each name makes other vectors."},
    OptionSpec{.name = "digest",
               .type = OptionType::text,
               .default_value = "1",
               .help = "The model's digest. Each digest makes other vectors."},
    OptionSpec{.name = "state_file",
               .type = OptionType::text,
               .default_value = "",
               .help = "A file that is read at each call, with any of the lines digest=TEXT, down and hang. It "
                       "simulates a server that changes while programs run."},
    OptionSpec{.name = "dimension",
               .type = OptionType::integer,
               .default_value = "64",
               .help = "Numbers per vector.",
               .minimum = 1,
               .maximum = 65536},
    OptionSpec{.name = "max_inputs",
               .type = OptionType::integer,
               .default_value = "0",
               .help = "Texts that one call may hold; more are refused as too_large. 0: no limit.",
               .minimum = 0,
               .maximum = 1e6},
    OptionSpec{.name = "concurrency",
               .type = OptionType::integer,
               .default_value = "0",
               .help = "Calls that may run at a time; any more are throttled. 0: 64.",
               .minimum = 0,
               .maximum = 100000},
    OptionSpec{.name = "faults",
               .type = OptionType::text_list,
               .help =
                   "Scripted faults, one a line: throttle above=50/s retry_after=1s; fail rate=0.01; fail calls=3..5; "
                   "hang rate=0.001; never_returns calls=9; nan rate=0.01; wrong_count rate=0.01; wrong_dimension "
                   "calls=7; misconfigured "
                   "calls=1..10; too_large above_inputs=16; poison [per_text] text=SUBSTRING."},
    OptionSpec{.name = "seed",
               .type = OptionType::integer,
               .default_value = "1",
               .help = "Decides which calls a fault with a rate affects."},
    OptionSpec{.name = "document_prefix",
               .type = OptionType::text,
               .default_value = "",
               .help = "Put before every document text."},
    OptionSpec{
        .name = "query_prefix", .type = OptionType::text, .default_value = "", .help = "Put before every query text."},
};

Result<std::unique_ptr<Provider>> make(const Options& options, Context& context) {
    const auto count = [&](std::string_view name) { return static_cast<std::size_t>(options.get<std::int64_t>(name)); };
    const std::size_t concurrency = count("concurrency");
    auto faults =
        simulated::parse_faults(options.find<std::vector<std::string>>("faults").value_or(std::vector<std::string>{}));
    if (!faults) return std::unexpected(std::move(faults.error()));
    return std::make_unique<simulated::SimulatedProvider>(
        simulated::SimulatedSettings{
            .latency = options.get<milliseconds>("latency"),
            .latency_per_input = options.get<milliseconds>("latency_per_input"),
            .model = options.get<std::string>("model"),
            .digest = options.get<std::string>("digest"),
            .state_file = options.get<std::string>("state_file"),
            .dimension = count("dimension"),
            .max_inputs = count("max_inputs"),
            .concurrency = concurrency == 0 ? simulated::SimulatedSettings{}.concurrency : concurrency,
            .seed = static_cast<std::uint64_t>(options.get<std::int64_t>("seed")),
            .document_prefix = options.get<std::string>("document_prefix"),
            .query_prefix = options.get<std::string>("query_prefix"),
            .faults = std::move(*faults),
        },
        context.clock());
}

}  // namespace

EMBEDQ_PROVIDER(
    "simulated", "1.0.0",
    "Vectors from a hash of the text, with scripted latency, limits and faults; for tests and measurements.",
    option_table, make);

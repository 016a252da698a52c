#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds provider_limit{5'000};
constexpr milliseconds notifier_limit{3'000};
constexpr std::size_t named = 5;            // of many things of one kind, so many are named
constexpr std::size_t spec_page = 500;      // the most that an engine gives at a time
constexpr std::size_t looked_at = 10'000;   // specs of one catalog; parked ones beyond are not counted
constexpr std::chrono::hours recently{24};  // a worker that fell silent before that is history

class Report {
public:
    void add(Finding finding) { findings_.push_back(std::move(finding)); }
    void good(std::string subject, std::string found) {
        add({FindingLevel::good, std::move(subject), std::move(found)});
    }
    void note(std::string subject, std::string found, std::string hint) {
        add({FindingLevel::note, std::move(subject), std::move(found), std::move(hint)});
    }
    // A sentence of another part: its hint is what stands behind the last semicolon, if anything does.
    void fault(std::string subject, std::string_view sentence, std::string_view otherwise) {
        const auto at = sentence.rfind("; ");
        const bool says_it = at != std::string_view::npos;
        add({FindingLevel::fault, std::move(subject), std::string(sentence.substr(0, at)),
             std::string(says_it ? sentence.substr(at + 2) : otherwise)});
    }
    [[nodiscard]] bool tells(std::string_view found) const {
        return std::ranges::any_of(findings_, [&](const Finding& finding) { return finding.found == found; });
    }
    [[nodiscard]] std::size_t count(FindingLevel level) const {
        return static_cast<std::size_t>(std::ranges::count(findings_, level, &Finding::level));
    }
    [[nodiscard]] const std::vector<Finding>& findings() const noexcept { return findings_; }

private:
    std::vector<Finding> findings_;
};

std::string_view hint_for(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::throttled:
        case ErrorKind::unavailable: return "see that it runs and can be reached from here";
        case ErrorKind::misconfigured:
        case ErrorKind::invalid_argument:
        case ErrorKind::not_found:
            return "correct its part of the configuration; `embedq config check` tells what is wrong";
        default: return "set `logging.level: debug` and look again; if that does not explain it, report it";
    }
}

// "a, b, c and 4 more"
std::string list_of(const std::vector<std::string>& names) {
    const std::size_t shown = std::min(names.size(), named);
    std::string text =
        fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

void look_at_plugins(Report& report, const PluginsFound& found) {
    std::map<std::string, std::vector<std::string>> names;
    std::set<std::string> tags;
    for (const PluginDescription& plugin : found.plugins) {
        names[plugin.kind].push_back(plugin.name);
        tags.insert(plugin.build_tag);
    }
    std::string text = counted(found.plugins.size(), "plugin");
    for (const char* separator = ": "; const auto& [kind, each] : names) {
        text += fmt::format("{}{} {}", separator, kind, fmt::join(each, ", "));
        separator = "; ";
    }
    if (!tags.empty()) text += fmt::format(" ({})", fmt::join(tags, " | "));
    report.good("plugins", text);
    for (const std::string& refused : found.refused) {
        report.fault("plugins", refused, "build it anew for this embedq, or take it out of the folder");
    }
}

// Whether the store can be asked for what it keeps.
bool look_at_store(Report& report, Examination& examination) {
    const auto capabilities = examination.store_capabilities();
    if (!capabilities) {
        report.fault("store", to_string(capabilities.error()), hint_for(capabilities.error().kind));
        return false;
    }
    // First of all: asking for anything else may change what there is to find.
    const auto findings = examination.store_findings();
    const auto state = examination.migration_state();
    if (findings && state) {
        report.good("store",
                    fmt::format("{}, {}, {}", examination.store_name(),
                                capabilities->persistent ? "outlives the process" : "ends with the process",
                                capabilities->multi_process ? "may be shared by processes" : "belongs to one process"));
    }
    if (!findings) report.fault("store", to_string(findings.error()), hint_for(findings.error().kind));
    for (const Finding& finding : findings.value_or(std::vector<Finding>{})) report.add(finding);
    if (!state) {
        const Error& error = state.error();
        if (!report.tells(error.message.substr(0, error.message.rfind("; "))))
            report.fault("schema", error.message, hint_for(error.kind));
        return false;
    }
    if (state->current > state->newest) {
        report.add({FindingLevel::fault, "schema",
                    fmt::format("version {}, newer than the {} of this build", state->current, state->newest),
                    "use the embedq that made it, or a newer one"});
        return false;
    }
    if (state->current < state->newest) {
        const std::string now = state->current == 0 ? "there is none yet" : fmt::format("version {}", state->current);
        report.add({FindingLevel::fault, "schema", fmt::format("{}, and this build needs {}", now, state->newest),
                    "run `embedq migrate up`; index, serve and worker do it at their start, too"});
        return false;
    }
    report.good("schema", fmt::format("version {}, up to date", state->current));
    return true;
}

void look_at_notifier(Report& report, Examination& examination) {
    const auto degraded = examination.notifier_degraded(notifier_limit);
    const std::string name = examination.notifier_name();
    if (!degraded) {
        report.fault("notifier", to_string(degraded.error()), hint_for(degraded.error().kind));
    } else if (degraded->empty()) {
        report.good("notifier", name);
    } else {
        report.note(
            "notifier", fmt::format("{} only polls: {}", name, *degraded),
            "work is found all the same, later; fix what is said there, or name `plugin: poll` under `notifier:`");
    }
}

void look_at_providers(Report& report, const Examination& examination, const std::vector<ProviderAnswer>& answers) {
    if (examination.default_provider() == "none") {
        report.note("embedding", "off by default: documents are found by their words alone",
                    "name a provider under `embedding.provider`");
    }
    for (const ProviderAnswer& answer : answers) {
        const std::string subject = "provider " + answer.name;
        if (!answer.info) {
            report.fault(subject, to_string(answer.info.error()), hint_for(answer.info.error().kind));
            continue;
        }
        const ProviderInfo& info = *answer.info;
        report.good(subject,
                    fmt::format("{}, model '{}', dimension {}, {}, answered in {} ms", answer.plugin, info.model,
                                info.dimension, counted(info.endpoints.size(), "endpoint"), answer.took.count()));
    }
}

void look_at_targets(Report& report, const Examination& examination, Engine& engine,
                     const std::vector<CatalogInfo>& catalogs, const std::vector<ProviderAnswer>& answers) {
    std::set<Sha256> makeable;
    std::vector<std::string> silent;
    for (const ProviderAnswer& answer : answers) {
        if (answer.info) makeable.insert(answer.fingerprint);
        if (!answer.info) silent.push_back(answer.name);
    }
    std::vector<std::string> without_target;
    std::vector<std::string> unknown;
    std::size_t right = 0;
    for (const CatalogInfo& catalog : catalogs) {
        if (!catalog.target_profile) {
            if (examination.default_provider() != "none") without_target.push_back(catalog.catalog_id);
            continue;
        }
        const auto profile = engine.profile(*catalog.target_profile);
        if (!profile) {
            report.fault("catalog " + catalog.catalog_id, to_string(profile.error()), hint_for(profile.error().kind));
        } else if (makeable.contains(profile->fingerprint)) {
            ++right;
        } else if (!silent.empty()) {
            unknown.push_back(catalog.catalog_id);
        } else {
            report.fault("catalog " + catalog.catalog_id,
                         fmt::format("its vectors are to be those of plugin '{}', model '{}', dimension {}, which no "
                                     "configured provider makes",
                                     profile->plugin, profile->model, profile->dimension),
                         "configure that provider, or run `embedq migrate up`, which gives each catalog the provider "
                         "that the YAML names");
        }
    }
    if (right > 0)
        report.good("catalogs", fmt::format("{} with a provider that makes the vectors", counted(right, "catalog")));
    if (catalogs.empty()) report.good("catalogs", "none yet: `embedq index PATH` makes one");
    if (!without_target.empty()) {
        report.note("catalogs", fmt::format("not embedded: {}", list_of(without_target)),
                    "`embedq migrate up` gives them the provider that the YAML names, unless that is none");
    }
    if (!unknown.empty()) {
        report.note("catalogs",
                    fmt::format("whether {} can be embedded is not known while {} does not answer", list_of(unknown),
                                list_of(silent)),
                    "fix the provider first");
    }
}

// Specs that the reconciler leaves alone for now.
std::size_t parked_specs(Engine& engine, const std::string& catalog, Time now) {
    std::size_t parked = 0;
    std::string after;
    for (std::size_t seen = 0; seen < looked_at;) {
        const auto page = engine.specs(catalog, after, spec_page);
        if (!page || page->empty()) break;
        parked += static_cast<std::size_t>(
            std::ranges::count_if(*page, [&](const SpecInfo& spec) { return spec.parked_until > now; }));
        seen += page->size();
        after = page->back().spec_name;
    }
    return parked;
}

// How many jobs wait.
std::size_t look_at_specs(Report& report, const Examination& examination, Engine& engine) {
    const auto health = engine.health("");
    if (!health) {
        report.fault("specs", to_string(health.error()), hint_for(health.error().kind));
        return 0;
    }
    CatalogHealth all;
    std::size_t parked = 0;
    for (const CatalogHealth& catalog : *health) {
        all.specs_total += catalog.specs_total;
        all.specs_indexed += catalog.specs_indexed;
        all.specs_pending += catalog.specs_pending;
        all.specs_running += catalog.specs_running;
        all.specs_failed += catalog.specs_failed;
        if (!is_settled(catalog)) parked += parked_specs(engine, catalog.catalog_id, examination.now());
    }
    if (all.specs_total == 0) return 0;
    if (is_settled(all)) {
        report.good("specs", rollup_of(all));
        return 0;
    }
    const std::size_t gaps = all.specs_total - std::min(all.specs_total, all.specs_indexed);
    if (gaps > 0) {
        report.note("specs",
                    fmt::format("{} with texts that are not embedded: {}", counted(gaps, "spec"), rollup_of(all)),
                    "a worker embeds them (`embedq worker`, `embedq serve`); what has no job gets one when it starts");
    } else {
        report.good("specs", rollup_of(all));
    }
    if (all.specs_failed > 0) {
        report.note("failed specs", counted(all.specs_failed, "spec"),
                    "`embedq jobs list --status failed` says why; when that is fixed, `embedq jobs retry JOB…`");
    }
    if (parked > 0) {
        report.note(
            "parked specs",
            fmt::format("{} that failed again and again, left alone for growing times", counted(parked, "spec")),
            "fix why they fail; a new document or `embedq jobs retry JOB…` ends the wait");
    }
    return all.specs_pending;
}

void check_endpoints(Report& report, Examination& examination, const std::vector<ProviderAnswer>& answers) {
    const auto endpoints = examination.endpoint_states();
    if (!endpoints) {
        report.fault("endpoints", to_string(endpoints.error()), hint_for(endpoints.error().kind));
        return;
    }
    if (endpoints->empty()) report.good("endpoints", "none is paused");
    for (const EndpointState& endpoint : *endpoints) {
        const auto of = std::ranges::find_if(
            answers, [&](const auto& each) { return each.info && each.fingerprint == endpoint.fingerprint; });
        report.note("endpoints",
                    fmt::format("endpoint '{}'{} is paused for another {}: {}", endpoint.endpoint,
                                of == answers.end() ? "" : fmt::format(" of provider {}", of->name),
                                duration_of(endpoint.cool_down), to_string(endpoint)),
                    "it goes on by itself; if it comes again and again, lower the provider's `limits:` or raise what "
                    "the endpoint allows");
    }
}

void look_at_workers(Report& report, const Examination& examination, Engine& engine, std::size_t waiting) {
    const auto workers = engine.workers();
    if (!workers) {
        report.fault("workers", to_string(workers.error()), hint_for(workers.error().kind));
        return;
    }
    const Time now = examination.now();
    std::size_t alive = 0;
    std::vector<WorkerInfo> silent;
    for (const WorkerInfo& worker : *workers) {
        const auto age = now - worker.seen_at;
        if (age <= examination.lease()) {
            ++alive;
        } else if (age <= recently && worker.report.jobs_held > 0) {
            // Who ended well gave its jobs back before.
            silent.push_back(worker);
        }
    }
    if (alive == 0 && waiting > 0) {
        report.note("workers", fmt::format("none runs, and {} for one", counted(waiting, "job waits", "jobs wait")),
                    "start `embedq worker` or `embedq serve`");
    } else {
        report.good("workers", alive == 0 ? "none runs, and no job waits"
                                          : fmt::format("{} with a fresh heartbeat", counted(alive, "worker")));
    }
    std::ranges::sort(silent, std::ranges::greater{}, &WorkerInfo::seen_at);
    for (std::size_t i = 0; i < std::min(silent.size(), named); ++i) {
        const WorkerReport& who = silent[i].report;
        report.note(
            "workers",
            fmt::format("{} (process {} on {}) is silent for {}; it held {}", who.worker_id, who.pid, who.host,
                        duration_of(std::chrono::duration_cast<milliseconds>(now - silent[i].seen_at)),
                        counted(who.jobs_held, "job")),
            "others have its jobs by now; its log or its host says why it ended, or why it does not reach the store");
    }
}

void look_at_everything(Report& report, CommandContext& context) {
    auto opened = context.installation.examine();
    if (opened) {
        report.good("configuration", (*opened)->source());
        for (const std::string& warning : (*opened)->warnings()) {
            report.note("configuration", warning, "docs/configuration.md has every key and option");
        }
    } else {
        for (const std::string& line : opened.error().lines) {
            report.add({FindingLevel::fault, "configuration", line,
                        "correct it, then see that `embedq config check` has nothing more to say"});
        }
    }
    if (const auto plugins = context.installation.plugins()) {
        look_at_plugins(report, *plugins);
    } else {
        for (const std::string& line : plugins.error().lines) {
            // The configuration alone says where plugins are, so that its faults come twice.
            if (!report.tells(line)) report.fault("plugins", line, "correct `plugins.paths`");
        }
    }
    if (!opened) return;
    Examination& examination = **opened;
    const bool stored = look_at_store(report, examination);
    look_at_notifier(report, examination);
    const auto answers = examination.ask_providers(provider_limit);
    look_at_providers(report, examination, answers);
    if (!stored) return;
    Engine& engine = examination.engine();
    if (const auto catalogs = engine.catalogs()) {
        look_at_targets(report, examination, engine, *catalogs, answers);
    } else {
        report.fault("catalogs", to_string(catalogs.error()), hint_for(catalogs.error().kind));
    }
    const std::size_t waiting = look_at_specs(report, examination, engine);
    check_endpoints(report, examination, answers);
    look_at_workers(report, examination, engine, waiting);
}

struct Mark {
    std::string_view text;
    Colour colour;
};

Mark mark_of(FindingLevel level) {
    switch (level) {
        case FindingLevel::good: return {"ok", Colour::green};
        case FindingLevel::note: return {"note", Colour::amber};
        case FindingLevel::fault: return {"FAULT", Colour::red};
    }
    return {"FAULT", Colour::red};
}

void print(Console& console, const Report& report) {
    std::size_t width = 0;
    for (const Finding& finding : report.findings()) width = std::max(width, plain(finding.subject).size());
    for (const Finding& finding : report.findings()) {
        const Mark mark = mark_of(finding.level);
        console.print(fmt::format("{}{:{}}  {:{}}  {}", console.paint(mark.colour, mark.text), "", 5 - mark.text.size(),
                                  plain(finding.subject), width, plain(finding.found)));
        if (!finding.hint.empty() && finding.level != FindingLevel::good)
            console.print(fmt::format("       hint: {}", plain(finding.hint)));
    }
    const std::size_t faults = report.count(FindingLevel::fault);
    console.print("");
    console.print(console.paint(faults == 0 ? Colour::green : Colour::red,
                                fmt::format("{}, {}", faults == 0 ? "no fault" : counted(faults, "fault"),
                                            counted(report.count(FindingLevel::note), "note"))));
}

Json report_json(const Report& report) {
    Json findings = Json::array();
    for (const Finding& finding : report.findings()) {
        Json json{{"level", to_string(finding.level)}, {"subject", finding.subject}, {"found", finding.found}};
        if (!finding.hint.empty()) json["hint"] = finding.hint;
        findings.push_back(std::move(json));
    }
    return {{"faults", report.count(FindingLevel::fault)},
            {"notes", report.count(FindingLevel::note)},
            {"findings", std::move(findings)}};
}

}  // namespace

int run_doctor(CommandContext& context) {
    Report report;
    look_at_everything(report, context);
    if (context.json) {
        context.console.print(dump(report_json(report)));
    } else {
        print(context.console, report);
    }
    return report.count(FindingLevel::fault) == 0 ? exit_done : exit_failed;
}

}  // namespace embedq::cli

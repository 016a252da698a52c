#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/doctor_report.h"
#include "cli/present.h"
#include "cli/waiting.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds provider_limit{5'000};
constexpr milliseconds notifier_limit{3'000};
constexpr std::size_t max_named = 5;  // names of a list; the rest is counted
constexpr std::size_t spec_page = 500;
constexpr std::size_t max_specs = 10'000;   // of one catalog; parked specs beyond that are not counted
constexpr std::chrono::hours recently{24};  // workers whose last heartbeat is older are not reported

// "a, b, c and 4 more"
std::string list_of(const std::vector<std::string>& names) {
    const std::size_t shown = std::min(names.size(), max_named);
    std::string text =
        fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

void check_plugins(DoctorReport& report, const PluginsFound& found) {
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
    for (const Error& refused : found.refused) {
        report.fault("plugins", refused, "build it again for this embedq, or remove it from the folder");
    }
}

// Returns whether the store can be read.
bool check_store(DoctorReport& report, Examination& examination) {
    const auto capabilities = examination.store_capabilities();
    if (!capabilities) {
        report.fault("store", capabilities.error());
        return false;
    }
    // Before anything else, because other calls may change what there is to find.
    const auto findings = examination.store_findings();
    const auto state = examination.migration_state();
    if (findings && state) {
        report.good("store",
                    fmt::format("{}, {}, {}", examination.store_name(),
                                capabilities->persistent ? "persistent" : "lost when the process ends",
                                capabilities->multi_process ? "may be shared by processes" : "for one process only"));
    }
    const std::size_t faults_before = report.count(FindingLevel::fault);
    if (!findings) report.fault("store", findings.error());
    for (const Finding& finding : findings.value_or(std::vector<Finding>{})) report.add(finding);
    if (!state) {
        // If the store reported a fault already, the schema is unreadable because of it, and would only repeat it.
        if (report.count(FindingLevel::fault) == faults_before) report.fault("schema", state.error());
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
                    "run `embedq migrate up`; index, serve and worker do it when they start"});
        return false;
    }
    report.good("schema", fmt::format("version {}, up to date", state->current));
    return true;
}

void check_notifier(DoctorReport& report, Examination& examination) {
    const auto degraded = examination.notifier_degraded(notifier_limit);
    const std::string name = examination.notifier_name();
    if (!degraded) {
        report.fault("notifier", degraded.error());
    } else if (degraded->empty()) {
        report.good("notifier", name);
    } else {
        report.note("notifier", fmt::format("{} only polls: {}", name, *degraded),
                    "work is still found, but later; correct the cause, or name `plugin: poll` under `notifier:`");
    }
}

// Where a provider asks, and what it may ask at once, as its options and defaults have it: "http://a/v1, 8 calls at a
// time, at most 2048 texts, 300000 tokens in a request".
std::string reach_of(const ProviderInfo& info) {
    constexpr std::size_t named = 3;
    const bool names = info.endpoints.size() <= named && info.endpoints != std::vector<std::string>{"default"};
    std::string text =
        names ? fmt::format("{}", fmt::join(info.endpoints, " and ")) : counted(info.endpoints.size(), "endpoint");
    if (info.limits.concurrency > 1) text += fmt::format(", {} calls at a time", info.limits.concurrency);
    std::vector<std::string> limits;
    const auto add = [&](std::size_t limit, std::string_view one, std::string_view many) {
        if (limit > 0) limits.push_back(counted(limit, one, many));
    };
    add(info.limits.max_inputs, "text", "texts");
    add(info.limits.max_request_tokens, "token", "tokens");
    add(info.limits.max_request_bytes, "byte", "bytes");
    if (!limits.empty()) text += fmt::format(", at most {} in a request", fmt::join(limits, ", "));
    if (info.limits.max_text_tokens > 0)
        text += fmt::format(", {} in a text", counted(info.limits.max_text_tokens, "token", "tokens"));
    return text;
}

void check_providers(DoctorReport& report, const Examination& examination, const std::vector<ProviderAnswer>& answers) {
    if (examination.default_provider() == "none") {
        report.note("embedding", "off by default: documents are found by their words alone",
                    "name a provider under `embedding.provider`");
    }
    for (const ProviderAnswer& answer : answers) {
        const std::string subject = "provider " + answer.name;
        if (!answer.info) {
            report.fault(subject, answer.info.error());
            continue;
        }
        const ProviderInfo& info = *answer.info;
        report.good(subject, fmt::format("{}, model '{}', dimension {}, {}, answered in {} ms", answer.plugin,
                                         info.model, info.dimension, reach_of(info), answer.took.count()));
    }
}

void check_targets(DoctorReport& report, const Examination& examination, Engine& engine,
                   const std::vector<CatalogInfo>& catalogs, const std::vector<ProviderAnswer>& answers) {
    std::set<Sha256> available;
    std::vector<std::string> silent;
    for (const ProviderAnswer& answer : answers) {
        if (answer.info) available.insert(answer.fingerprint);
        if (!answer.info) silent.push_back(answer.name);
    }
    std::vector<std::string> without_target;
    std::vector<std::string> unknown;
    std::size_t matching = 0;
    for (const CatalogInfo& catalog : catalogs) {
        if (!catalog.target_profile) {
            if (examination.default_provider() != "none") without_target.push_back(catalog.catalog_id);
            continue;
        }
        const auto profile = engine.profile(*catalog.target_profile);
        if (!profile) {
            report.fault("catalog " + catalog.catalog_id, profile.error());
        } else if (available.contains(profile->fingerprint)) {
            ++matching;
        } else if (!silent.empty()) {
            unknown.push_back(catalog.catalog_id);
        } else {
            report.add(
                {FindingLevel::fault, "catalog " + catalog.catalog_id,
                 fmt::format("its target is plugin '{}', model '{}', dimension {}, for which no provider is "
                             "configured",
                             profile->plugin, profile->model, profile->dimension),
                 "configure that provider, or run `embedq config apply`, which embeds the catalogs as the YAML says"});
        }
    }
    if (matching > 0)
        report.good("catalogs", fmt::format("{} with a configured provider", counted(matching, "catalog")));
    if (catalogs.empty()) report.good("catalogs", "none yet: `embedq index PATH` creates one");
    if (!without_target.empty()) {
        report.note("catalogs", fmt::format("not embedded: {}", list_of(without_target)),
                    "a worker embeds them when the provider that the YAML names answers; `embedq config apply` does if "
                    "embedding was turned off");
    }
    if (!unknown.empty()) {
        report.note("catalogs",
                    fmt::format("whether {} can be embedded is not known while {} does not answer", list_of(unknown),
                                list_of(silent)),
                    "fix the provider first");
    }
}

// The number of specs that the reconciler skips for now.
std::size_t parked_specs(Engine& engine, const std::string& catalog, Time now) {
    std::size_t parked = 0;
    std::string after;
    for (std::size_t seen = 0; seen < max_specs;) {
        const auto page = engine.specs(catalog, after, spec_page);
        if (!page || page->empty()) break;
        parked += static_cast<std::size_t>(
            std::ranges::count_if(*page, [&](const SpecInfo& spec) { return spec.parked_until > now; }));
        seen += page->size();
        after = page->back().spec_name;
    }
    return parked;
}

// What closes the gaps; specs that failed and jobs that no worker takes have findings of their own.
std::string remedy_of_gaps(const CatalogHealth& all, std::size_t gaps) {
    const std::size_t with_job = all.specs_running + all.specs_pending;
    if (gaps > with_job + all.specs_failed)
        return "run a worker (`embedq worker`, `embedq serve`); when it starts, it enqueues the jobs that are missing";
    return with_job > 0 ? "workers embed what has a job; `embedq status --watch` follows them" : "";
}

// Returns the number of pending jobs.
std::size_t check_specs(DoctorReport& report, const Examination& examination, Engine& engine) {
    const auto health = engine.health("");
    if (!health) {
        report.fault("specs", health.error());
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
                    remedy_of_gaps(all, gaps));
    } else {
        report.good("specs", rollup_of(all));
    }
    if (all.specs_failed > 0) {
        report.note("failed specs", counted(all.specs_failed, "spec"),
                    "`embedq jobs list --status failed` shows why; when that is fixed, run `embedq jobs retry JOB…`");
    }
    if (parked > 0) {
        report.note("parked specs",
                    fmt::format("{} that failed repeatedly and {} until a later time", counted(parked, "spec"),
                                parked == 1 ? "is parked" : "are parked"),
                    "correct the cause; a new document or `embedq jobs retry JOB…` ends the wait");
    }
    return all.specs_pending;
}

// What ends a pause of this kind.
std::string remedy_of(PauseKind kind) {
    switch (kind) {
        case PauseKind::throttled:
            return "calls resume by themselves; if this happens often, lower the provider's `limits:` or raise the "
                   "endpoint's limits";
        case PauseKind::unavailable:
            return "calls resume by themselves when the endpoint answers; see that it runs and can be reached";
        case PauseKind::misconfigured: break;
    }
    return "somebody must correct what the reason names, such as a key, a quota or a model; it is tried again from "
           "time to time, and work goes on when it is accepted";
}

void check_endpoints(DoctorReport& report, Examination& examination, const std::vector<ProviderAnswer>& answers) {
    const auto endpoints = examination.endpoint_states();
    if (!endpoints) {
        report.fault("endpoints", endpoints.error());
        return;
    }
    const auto noticed = [](const EndpointState& endpoint) { return endpoint.cool_down.count() > 0; };
    if (std::ranges::none_of(*endpoints, noticed)) report.good("endpoints", "none is paused");
    for (const EndpointState& endpoint : *endpoints) {
        if (!noticed(endpoint)) continue;
        const auto of = std::ranges::find_if(
            answers, [&](const auto& each) { return each.info && each.fingerprint == endpoint.fingerprint; });
        report.note(
            "endpoints",
            fmt::format("endpoint '{}'{} {}", endpoint_of(endpoint),
                        of == answers.end() ? "" : fmt::format(" of provider {}", of->name), in_words(endpoint)),
            loses_calls(endpoint) ? "see the endpoint's log, its load and the network; what is lost is asked again"
                                  : remedy_of(endpoint.kind));
    }
}

void check_workers(DoctorReport& report, const Examination& examination, Engine& engine, std::size_t waiting) {
    const auto workers = engine.workers();
    if (!workers) {
        report.fault("workers", workers.error());
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
            // It was killed, or hangs: who stops well is not listed any more. One that held no job left nothing behind.
            silent.push_back(worker);
        }
    }
    if (alive == 0 && waiting > 0) {
        report.note("workers", fmt::format("none is running, and {}", counted(waiting, "job waits", "jobs wait")),
                    "start `embedq worker` or `embedq serve`");
    } else {
        report.good("workers", alive == 0 ? "none is running, and no job waits"
                                          : fmt::format("{} with a fresh heartbeat", counted(alive, "worker")));
    }
    std::ranges::sort(silent, std::ranges::greater{}, &WorkerInfo::seen_at);
    for (std::size_t i = 0; i < std::min(silent.size(), max_named); ++i) {
        const WorkerReport& who = silent[i].report;
        report.note(
            "workers",
            fmt::format("{} (process {} on {}) has sent no heartbeat for {}; it held {}", who.worker_id, who.pid,
                        who.host, duration_of(std::chrono::duration_cast<milliseconds>(now - silent[i].seen_at)),
                        counted(who.jobs_held, "job")),
            "other workers have its jobs by now; see its log and its host for why it ended or cannot reach the store");
    }
}

void check_everything(DoctorReport& report, CommandContext& context) {
    auto opened = context.installation.examine();
    if (opened) {
        report.good("configuration", (*opened)->source());
        for (const std::string& warning : (*opened)->warnings()) {
            report.note("configuration", warning, "docs/configuration.md has every key and option");
        }
    } else {
        for (const std::string& line : opened.error().lines) {
            report.add({FindingLevel::fault, "configuration", line, "correct it, then run `embedq config check`"});
        }
    }
    if (const auto plugins = context.installation.plugins()) {
        check_plugins(report, *plugins);
    } else if (opened) {
        // Without a configuration the folders of the plugins are unknown, which is reported already.
        for (const std::string& line : plugins.error().lines) {
            report.add({FindingLevel::fault, "plugins", line, "correct `plugins.paths`"});
        }
    }
    if (!opened) return;
    Examination& examination = **opened;
    const bool store_readable = check_store(report, examination);
    check_notifier(report, examination);
    const auto answers = examination.ask_providers(provider_limit);
    check_providers(report, examination, answers);
    if (!store_readable) return;
    Engine& engine = examination.engine();
    if (const auto catalogs = engine.catalogs()) {
        check_targets(report, examination, engine, *catalogs, answers);
    } else {
        report.fault("catalogs", catalogs.error());
    }
    const std::size_t waiting = check_specs(report, examination, engine);
    check_endpoints(report, examination, answers);
    check_workers(report, examination, engine, waiting);
}

}  // namespace

int run_doctor(CommandContext& context) {
    DoctorReport report;
    check_everything(report, context);
    if (context.json) {
        context.console.print(dump(report.json()));
    } else {
        report.print(context.console);
    }
    return report.count(FindingLevel::fault) == 0 ? exit_done : exit_failed;
}

}  // namespace embedq::cli

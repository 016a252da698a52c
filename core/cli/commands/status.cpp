#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/model_change.h"
#include "cli/present.h"
#include "cli/rate.h"
#include "cli/spec_state.h"
#include "cli/text_width.h"
#include "cli/unknown_name.h"
#include "cli/waiting.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

// A catalog with more specs than this lists only those that need attention, unless it is named.
constexpr std::size_t listed_specs = 50;
constexpr milliseconds watch_interval{1'000};

struct View {
    std::vector<CatalogHealth> catalogs;
    std::vector<std::vector<SpecStatus>> specs;  // by catalog; empty when not asked for
    std::map<std::string, ModelChange> changes;  // of the catalogs whose model is changing
    std::vector<ProviderPause> pauses;
    std::vector<ProviderPause> losses;
    std::map<std::string, std::string> providers;  // by catalog; of these catalogs' targets
    std::map<std::string, std::string> waiting;    // the providers of catalogs that have no target yet
    std::size_t without_worker = 0;                // specs that are pending while no worker runs
};

// Why work waits: each pause once, whatever number of specs wait for it.
Status read_waits(Runtime& runtime, const std::vector<CatalogInfo>& catalogs, View& view) {
    const auto states = runtime.endpoint_states();
    if (!states) return std::unexpected(states.error());
    auto pauses = pauses_of(runtime.engine(), catalogs, *states);
    if (!pauses) return std::unexpected(pauses.error());
    view.pauses = std::move(*pauses);
    auto losses = losses_of(runtime.engine(), catalogs, *states);
    if (!losses) return std::unexpected(losses.error());
    view.losses = std::move(*losses);
    for (const CatalogInfo& catalog : catalogs) {
        view.providers.emplace(catalog.catalog_id, catalog.provider);
        const auto awaited = awaited_provider(runtime, catalog);
        if (!awaited) return std::unexpected(awaited.error());
        if (!awaited->empty()) view.waiting.emplace(catalog.catalog_id, *awaited);
    }
    return {};
}

Result<View> read(Runtime& runtime, const StatusArguments& arguments, bool with_specs) {
    Engine& engine = runtime.engine();
    auto health = engine.health(arguments.catalog.value_or(""));
    if (!health) return std::unexpected(with_nearest_name(engine, health.error(), arguments.catalog));
    View view;
    view.catalogs = std::move(*health);
    auto catalogs = engine.catalogs();
    if (!catalogs) return std::unexpected(catalogs.error());
    if (arguments.catalog)
        std::erase_if(*catalogs, [&](const CatalogInfo& each) { return each.catalog_id != *arguments.catalog; });
    if (const Status waits = read_waits(runtime, *catalogs, view); !waits) return std::unexpected(waits.error());
    const auto without_worker = specs_without_worker(engine, view.catalogs, runtime.now() - runtime.lease());
    if (!without_worker) return std::unexpected(without_worker.error());
    view.without_worker = *without_worker;
    for (const CatalogInfo& catalog : *catalogs) {
        auto change = model_change_of(engine, catalog);
        if (!change) return std::unexpected(change.error());
        if (*change) view.changes.emplace(catalog.catalog_id, std::move(**change));
    }
    if (!with_specs) return view;
    for (const CatalogHealth& catalog : view.catalogs) {
        auto specs = engine.statuses(catalog.catalog_id, {});
        if (!specs) return std::unexpected(specs.error());
        view.specs.push_back(std::move(*specs));
    }
    return view;
}

Json json_of(const View& view, bool with_specs) {
    Json catalogs = Json::array();
    for (const CatalogHealth& health : view.catalogs) {
        catalogs.push_back(cli::json_of(health));
        const auto change = view.changes.find(health.catalog_id);
        if (change != view.changes.end()) catalogs.back()["model_change"] = cli::json_of(change->second);
        const auto waiting = view.waiting.find(health.catalog_id);
        if (waiting != view.waiting.end()) catalogs.back()["waits_for_provider"] = waiting->second;
    }
    Json json{{"catalogs", std::move(catalogs)}};
    const auto list = [&](const char* name, const std::vector<ProviderPause>& all) {
        for (const ProviderPause& each : all) json[name].push_back(cli::json_of(each));
    };
    list("pauses", view.pauses);
    list("losses", view.losses);
    if (view.without_worker > 0) json["specs_without_worker"] = view.without_worker;
    if (!with_specs) return json;
    json["specs"] = Json::array();
    for (const auto& specs : view.specs) {
        for (const SpecStatus& status : specs) json["specs"].push_back(cli::json_of(status));
    }
    return json;
}

// A job that was given back because its provider is paused has used up no attempt; the pause is shown once for all.
std::string detail_of(const SpecStatus& status, bool paused) {
    if (!status.job || status.job->last_error.empty() || status.job->status == JobStatus::succeeded) return {};
    if (paused && status.job->status == JobStatus::pending && status.job->attempts == 0) return {};
    return status.job->last_error;
}

void print_change(Console& console, const ModelChange& change) {
    console.print(console.paint(
        Colour::blue, fmt::format("changing to {}: {}", plain(in_words(change.target)), progress_of(change))));
    console.print(console.paint(Colour::grey, fmt::format("ranked until then by {}", plain(in_words(change.serving)))));
}

void print_catalog(Console& console, const View& view, std::size_t index, bool all) {
    const CatalogHealth& health = view.catalogs[index];
    const std::vector<SpecStatus>& specs = view.specs[index];
    const auto change = view.changes.find(health.catalog_id);
    const auto waiting = view.waiting.find(health.catalog_id);
    const auto provider = view.providers.find(health.catalog_id);
    const bool paused =
        provider != view.providers.end() &&
        std::ranges::any_of(view.pauses, [&](const ProviderPause& each) { return each.provider == provider->second; });
    console.print(console.paint(
        Colour::bold, fmt::format("{}: {}, {} embedded", health.catalog_id,
                                  counted(health.operation_count, "operation"), count_of(health.embedding_count))));
    if (change != view.changes.end()) print_change(console, change->second);
    if (waiting != view.waiting.end()) {
        console.print(console.paint(
            Colour::amber,
            fmt::format("waits for provider '{}', which has not answered yet: a worker embeds the catalog "
                        "when it does (embedq doctor asks it)",
                        waiting->second)));
    }
    const bool brief = !all && specs.size() > listed_specs;
    std::size_t left_out = 0;
    Table table({"SPEC", "STATUS", "DETAIL"});
    bool any = false;
    for (const SpecStatus& status : specs) {
        const Badge badge = badge_of(status);
        if (brief && !badge.needs_attention) {
            ++left_out;
            continue;
        }
        any = true;
        table.add({status.spec_name, badge.text, detail_of(status, paused)}, badge.colour, 1);
    }
    if (any) table.print(console);
    if (left_out > 0) {
        console.print(console.paint(
            Colour::grey,
            fmt::format("{} up to date (embedq status {} lists all)",
                        any ? count_of(left_out) + " more" : counted(left_out, "spec"), health.catalog_id)));
    }
    if (health.operations_left_out > 0) {
        console.print(console.paint(Colour::amber,
                                    fmt::format("{} of the documents {} left out (embedq specs show NAME says which)",
                                                counted(health.operations_left_out, "operation"),
                                                health.operations_left_out == 1 ? "is" : "are")));
    }
    const Colour colour = is_settled(health) ? Colour::green : health.specs_failed > 0 ? Colour::red : Colour::amber;
    console.print(console.paint(colour, rollup_of(health)));
}

// Pauses, then losses.
std::vector<ProviderPause> notices_of(const View& view) {
    std::vector<ProviderPause> notices = view.pauses;
    notices.insert(notices.end(), view.losses.begin(), view.losses.end());
    return notices;
}

void print(Console& console, const View& view, bool all) {
    if (view.catalogs.empty()) console.print("No catalogs yet: embedq index PATH creates one");
    const std::vector<ProviderPause> notices = notices_of(view);
    for (const ProviderPause& each : notices) console.print(console.paint(Colour::amber, plain(in_words(each))));
    const std::string no_worker = no_worker_in_words(view.without_worker);
    if (!no_worker.empty()) console.print(console.paint(Colour::amber, no_worker));
    for (std::size_t i = 0; i < view.catalogs.size(); ++i) {
        if (i > 0 || !notices.empty() || !no_worker.empty()) console.print("");
        print_catalog(console, view, i, all);
    }
}

// "pets: 92/200 specs indexed (…), 1,200/3,770 operations embedded"
std::string totals_of(const CatalogHealth& health) {
    return fmt::format("{}: {}, {}/{} embedded", health.catalog_id, rollup_of(health), count_of(health.embedding_count),
                       counted(health.operation_count, "operation"));
}

// What is worked on stands first, then what needs somebody.
int order_of(const SpecStatus& status) {
    switch (state_of(status)) {
        case SpecState::running: return 0;
        case SpecState::failed: return 1;
        case SpecState::pending: return status.job->attempts > 0 ? 2 : 3;
        case SpecState::not_indexed: return 4;
        case SpecState::indexed: break;
    }
    return 5;
}

// The screen of --watch: totals, pauses, then the specs that are not indexed, as many as fit.
std::vector<std::string> screen_of(const Console& console, const View& view, const Rate& rate) {
    std::vector<std::string> lines;
    const auto add = [&](Colour colour, const std::string& text) {
        lines.push_back(console.paint(colour, cut_end(plain(text), std::max<std::size_t>(console.columns(), 2) - 1)));
    };
    std::size_t left = 0;
    for (const CatalogHealth& health : view.catalogs) {
        add(Colour::bold, totals_of(health));
        left += health.operation_count - std::min(health.operation_count, health.embedding_count);
    }
    if (view.catalogs.empty()) add(Colour::none, "No catalogs yet: embedq index PATH creates one");
    if (const std::string words = rate.in_words(left); !words.empty()) add(Colour::blue, words);
    for (const ProviderPause& each : notices_of(view)) add(Colour::amber, in_words(each));
    if (const std::string no_worker = no_worker_in_words(view.without_worker); !no_worker.empty())
        add(Colour::amber, no_worker);
    std::vector<std::pair<std::string, const SpecStatus*>> specs;
    for (std::size_t i = 0; i < view.specs.size(); ++i) {
        for (const SpecStatus& status : view.specs[i]) {
            if (badge_of(status).needs_attention)
                specs.emplace_back(fmt::format("{}/{}", view.catalogs[i].catalog_id, status.spec_name), &status);
        }
    }
    std::ranges::stable_sort(specs, {}, [](const auto& each) { return order_of(*each.second); });
    // A line for the headings, one above them, and one for the specs that do not fit.
    const std::size_t lines_left = console.rows() - std::min(console.rows(), lines.size() + 3);
    Table table({"SPEC", "STATUS", "DETAIL"});
    for (std::size_t i = 0; i < std::min(lines_left, specs.size()); ++i) {
        const auto& [name, status] = specs[i];
        const Badge badge = badge_of(*status);
        table.add({name, badge.text, detail_of(*status, !view.pauses.empty())}, badge.colour, 1);
    }
    if (specs.empty() || lines_left == 0) return lines;
    lines.emplace_back();
    std::ranges::move(table.lines(console), std::back_inserter(lines));
    if (specs.size() > lines_left) add(Colour::grey, fmt::format("{} more", count_of(specs.size() - lines_left)));
    return lines;
}

// What changed since the last look, for --watch without a terminal: totals, pauses, and specs that failed.
class ChangeLines {
public:
    void print(Console& console, const View& view) {
        for (const ProviderPause& pause : notices_of(view)) {
            // A pause has another length at each look.
            const std::string key = pause.provider + " " + pause.state.endpoint;
            print_changed(console, key, pause.state.reason, in_words(pause));
        }
        // Said once for each time without a worker; the number of specs is in the totals.
        const bool no_worker = view.without_worker > 0;
        if (no_worker && !no_worker_) console.print(no_worker_in_words(view.without_worker));
        no_worker_ = no_worker;
        for (std::size_t i = 0; i < view.catalogs.size(); ++i) {
            const CatalogHealth& health = view.catalogs[i];
            for (const SpecStatus& status : view.specs[i]) {
                const std::string key = fmt::format("{}/{}", health.catalog_id, status.spec_name);
                if (state_of(status) == SpecState::failed) {
                    const std::string detail = detail_of(status, false);
                    print_changed(console, key, detail, fmt::format("{}: failed: {}", key, detail));
                } else {
                    shown_.erase(key);
                }
            }
            const std::string totals = totals_of(health);
            print_changed(console, health.catalog_id, totals, totals);
        }
    }

private:
    void print_changed(Console& console, const std::string& key, const std::string& value, const std::string& line) {
        std::string& before = shown_[key];
        if (before == value && !value.empty()) return;
        before = value;
        console.print(plain(line));
    }
    std::map<std::string, std::string> shown_;
    bool no_worker_ = false;
};

// The alternate screen of a terminal, which leaves what was there before as it was.
class Screen {
public:
    explicit Screen(Console& console) : console_(console) { console_.enter_screen(); }
    ~Screen() { console_.leave_screen(); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

private:
    Console& console_;
};

// A process that ends itself leaves the screen, too. Written directly: the console may be in use.
void restore_terminal() {
    [[maybe_unused]] const auto written =
        ::write(STDOUT_FILENO, Console::screen_end.data(), Console::screen_end.size());
}

// One JSON line for each state that differs from the one before; that a pause has become shorter is no change.
class ChangedJson {
public:
    void print(Console& console, const View& view, bool with_specs) {
        const Json json = json_of(view, with_specs);
        Json timeless = json;
        if (timeless.contains("pauses")) {
            for (Json& pause : timeless["pauses"]) pause.erase("seconds");
        }
        std::string state = dump(timeless);
        if (state == shown_) return;
        shown_ = std::move(state);
        console.print(dump(json));
    }

private:
    std::string shown_;
};

int watch(CommandContext& context, const StatusArguments& arguments) {
    const auto interruption = context.listen_for_stop();
    auto runtime = context.installation.open({.keeps_running = true, .stop = interruption->token()});
    if (!runtime) return show_error(context, runtime.error());
    Console& console = context.console;
    const bool on_screen = console.terminal().out && !context.json;
    OverdueStop stop = overdue_stop_of(**runtime);
    if (on_screen) stop.restore = restore_terminal;
    const OverdueStopScope overdue(*interruption, std::move(stop));
    std::unique_ptr<Screen> screen;  // once there is something to show
    Rate rate;
    ChangeLines lines;
    ChangedJson json;
    const bool with_specs = arguments.catalog.has_value() || !context.json;
    do {
        const auto view = read(**runtime, arguments, with_specs);
        if (!view) {
            screen.reset();
            return show_error(context, view.error());
        }
        std::size_t embedded = 0;
        for (const CatalogHealth& health : view->catalogs) embedded += health.embedding_count;
        rate.measure(embedded, interruption->now());
        if (context.json) {
            json.print(console, *view, with_specs);
        } else if (on_screen) {
            if (!screen) screen = std::make_unique<Screen>(console);
            console.show_screen(screen_of(console, *view, rate));
        } else {
            lines.print(console, *view);
        }
        if (!console.flush()) return exit_failed;
    } while (interruption->wait_for(watch_interval));
    return exit_done;
}

}  // namespace

int run_status(CommandContext& context, const StatusArguments& arguments) {
    if (arguments.watch) return watch(context, arguments);
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    const bool with_specs = arguments.catalog.has_value() || !context.json;
    const auto view = read(**runtime, arguments, with_specs);
    if (!view) return show_error(context, view.error());
    if (context.json) {
        context.console.print(dump(json_of(*view, with_specs)));
    } else {
        print(context.console, *view, arguments.catalog.has_value());
    }
    return exit_done;
}

}  // namespace embedq::cli

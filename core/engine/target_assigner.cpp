#include "engine/target_assigner.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "catalog/profile.h"
#include "embedq/support/numbers.h"
#include "sync/mutex.h"

namespace embedq::engine {

namespace {

constexpr std::size_t page = 1'000;
constexpr std::size_t bytes_per_token = 4;  // OpenAI counts its limit of tokens per request as 0.25 tokens per byte
constexpr std::size_t default_inputs = 64;  // per request, if neither provider nor YAML limits them; as the endpoints
constexpr std::size_t fill_percent = 95;    // requests are filled to this part of a limit that is only estimated
// `put_catalog` does not wait each time for a provider that did not answer.
constexpr std::chrono::milliseconds retry_interval{30'000};
constexpr std::chrono::milliseconds put_timeout{2'000};

constexpr const char* apply_or_change_back =
    "run `embedq config apply` to embed the catalog by this configuration's model, or change the model back";
constexpr const char* name_a_provider = "name a provider under `embedding:` in the configuration";

std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

// Rounded up; 0 where there is no limit.
std::size_t divided(std::size_t amount, std::size_t by) {
    return by == 0 ? 0 : (amount + by - 1) / by;
}

// The number of calls with full batches: each limit alone requires a number of calls, and the largest one counts.
std::size_t calls_of(const EmbeddingEstimate& work, const ProviderLimits& limits, std::size_t batch_inputs) {
    std::size_t inputs = limits.max_inputs == 0 || batch_inputs == 0 ? std::max(limits.max_inputs, batch_inputs)
                                                                     : std::min(limits.max_inputs, batch_inputs);
    if (inputs == 0) inputs = default_inputs;
    return std::max({divided(work.to_embed(), inputs), divided(work.bytes, limits.max_request_bytes),
                     divided(work.tokens, limits.max_request_tokens * fill_percent / 100)});
}

std::string in_words(const EmbeddingEstimate& work) {
    if (work.to_embed() == 0) return "all " + in_thousands(work.texts) + " texts have vectors already";
    return in_thousands(work.to_embed()) + " of " + in_thousands(work.texts) + " texts to embed, about " +
           in_thousands(work.tokens) + " tokens in " + in_thousands(work.calls) + " calls";
}

}  // namespace

std::string TargetAssigner::provider_of(const std::string& catalog_id) const {
    const auto exception = settings_.catalogs.find(catalog_id);
    const std::string& provider = exception != settings_.catalogs.end() ? exception->second : settings_.provider;
    return provider == "none" ? std::string() : provider;
}

Result<CatalogTarget> TargetAssigner::configured_target(const CatalogInfo& catalog, const Answers& answers) {
    const std::string provider = provider_of(catalog.catalog_id);
    if (provider.empty()) return CatalogTarget{catalog.catalog_id, {}, std::nullopt};
    const auto& resolved = answers.at(provider);
    if (!resolved) return std::unexpected(resolved.error());
    CatalogTarget target{catalog.catalog_id, provider, (*resolved)->profile};
    if (!catalog.target_profile) return target;
    const auto current = store_.profile(*catalog.target_profile);
    if (!current) return std::unexpected(current.error());
    // The same fingerprint in a later epoch is still what the configuration asks for.
    if (current->fingerprint == target.profile->fingerprint) target.profile = *current;
    return target;
}

void TargetAssigner::remember_unanswered(const Answers& answers) {
    const sync::Lock lock(mutex_);
    for (const auto& [name, resolved] : answers) {
        if (!resolved)
            unanswered_.insert_or_assign(name, Unanswered{resolved.error(), context_.clock().now() + retry_interval});
    }
}

Status TargetAssigner::apply(TargetScope scope, std::stop_token stop, std::chrono::milliseconds limit) {
    const auto all = store_.catalogs();
    if (!all) return std::unexpected(all.error());
    std::set<std::string> names;
    for (const CatalogInfo& info : *all) names.insert(provider_of(info.catalog_id));
    names.erase("");
    const Answers answers = prober_.probe(names, std::min(settings_.provider_timeout, limit), stop);
    if (stop.stop_requested()) return fail(ErrorKind::unavailable, "the catalogs' targets were not applied: stopped");
    remember_unanswered(answers);
    return set(*all, answers, scope);
}

Status TargetAssigner::apply_known(TargetScope scope) {
    auto all = store_.catalogs();
    if (!all) return std::unexpected(all.error());
    Answers answers;
    std::erase_if(*all, [&](const CatalogInfo& info) {
        const std::string provider = provider_of(info.catalog_id);
        if (provider.empty()) return false;
        const endpoints::ProbedProviderPtr known = providers_.known(provider);
        // One answer for all catalogs of a provider, though the provider may be asked again meanwhile.
        if (known) answers.emplace(provider, known);
        return !answers.contains(provider);
    });
    return set(*all, answers, scope);
}

Result<CatalogProvider> TargetAssigner::provider_for(const CatalogInfo& catalog) {
    CatalogProvider found{.name = provider_of(catalog.catalog_id)};
    const endpoints::ProbedProviderPtr known = providers_.known(found.name);
    if (known) found.endpoints = known->info.endpoints.size();
    if (!known && !found.name.empty()) {
        found.failure = providers_.failure(found.name);
        const sync::Lock lock(mutex_);
        const auto earlier = unanswered_.find(found.name);
        if (!found.failure && earlier != unanswered_.end()) found.failure = earlier->second.error;
        if (!found.failure)
            found.failure =
                Error{ErrorKind::unavailable, "provider " + in_quotes(found.name) + " has not answered yet"};
        return found;
    }
    if (!catalog.target_profile) return found;
    const auto target = store_.profile(*catalog.target_profile);
    if (!target) return std::unexpected(target.error());
    if (made_here(target->fingerprint)) return found;
    found.failure = Error{ErrorKind::misconfigured,
                          "catalog " + in_quotes(catalog.catalog_id) + " needs vectors of " +
                              catalog::in_words(*target) + ", but this configuration " +
                              (known ? "makes those of " + catalog::in_words(known->profile) : "makes none"),
                          apply_or_change_back};
    return found;
}

bool TargetAssigner::made_here(const Sha256& fingerprint) const {
    return std::ranges::any_of(providers_.names(), [&](const std::string& name) {
        const endpoints::ProbedProviderPtr known = providers_.known(name);
        return known && known->profile.fingerprint == fingerprint;
    });
}

// A process that changes models by itself does it once for each model: of a fleet whose processes get a new
// configuration one after the other, none changes a catalog back.
Result<bool> TargetAssigner::in_scope(const Change& change, TargetScope scope) {
    const CatalogInfo& catalog = *change.catalog;
    const auto& profile = change.target.profile;
    const bool other_name_only = profile && catalog.target_profile == profile->id;
    if (scope == TargetScope::all || other_name_only) return true;
    // A catalog that is ranked by vectors had a target once, and embedding was turned off for it.
    if (!catalog.target_profile) return profile && !catalog.serving_profile;
    if (scope == TargetScope::new_catalogs || !profile) return false;
    const auto known = store_.profile(profile->id);
    if (known) return false;
    if (known.error().kind != ErrorKind::not_found) return std::unexpected(known.error());
    return true;
}

Status TargetAssigner::set(const std::vector<CatalogInfo>& catalogs, const Answers& answers, TargetScope scope) {
    Status first_error;
    const auto note = [&](const Status& status) {
        if (first_error && !status) first_error = status;
    };
    std::vector<Change> new_targets;
    std::vector<Change> other_targets;
    std::vector<Change> out_of_scope;
    for (const CatalogInfo& info : catalogs) {
        auto target = configured_target(info, answers);
        if (!target) {
            note(std::unexpected(target.error()));
            continue;
        }
        const bool same = info.provider == target->provider &&
                          info.target_profile.has_value() == target->profile.has_value() &&
                          (!target->profile || target->profile->id == *info.target_profile);
        if (same) {
            const sync::Lock lock(mutex_);
            reported_.erase(info.catalog_id);
            continue;
        }
        Change change{&info, std::move(*target)};
        const auto wanted = in_scope(change, scope);
        if (!wanted) {
            note(std::unexpected(wanted.error()));
            continue;
        }
        (!*wanted ? out_of_scope : info.target_profile ? other_targets : new_targets).push_back(std::move(change));
    }
    // All at once: after the first, the model is not new to the store any more.
    note(set(other_targets));
    for (const Change& change : new_targets) note(set(std::span(&change, 1)));
    report(out_of_scope);
    return first_error;
}

Status TargetAssigner::set(std::span<const Change> changes) {
    if (changes.empty()) return {};
    std::vector<CatalogTarget> targets;
    for (const Change& change : changes) targets.push_back(change.target);
    const auto changed = store_.set_targets(targets);
    if (!changed) return std::unexpected(changed.error());
    // Another process has set them since the catalogs were read, and enqueues the jobs.
    if (*changed == 0) return {};
    Status first_error;
    for (const auto& [before, target] : changes) {
        log_change(*before, target);
        if (!target.profile || target.profile->id == before->target_profile) continue;
        if (const auto queued = enqueue_all(target.catalog_id); !queued && first_error)
            first_error = std::unexpected(queued.error());
    }
    return first_error;
}

void TargetAssigner::report(const std::vector<Change>& out_of_scope) {
    std::vector<const Change*> fresh;
    for (const Change& change : out_of_scope) {
        // The prober reports a target that this process cannot make, and that nothing is claimed for it.
        if (change.catalog->target_profile && providers_.known(change.catalog->provider)) {
            const auto target = store_.profile(*change.catalog->target_profile);
            if (!target || !made_here(target->fingerprint)) continue;
        }
        const Difference now{change.catalog->target_profile.value_or(Sha256{}),
                             change.target.profile ? change.target.profile->id : Sha256{}};
        const sync::Lock lock(mutex_);
        const auto [entry, first] = reported_.try_emplace(change.target.catalog_id, now);
        if (first || std::exchange(entry->second, now) != now) fresh.push_back(&change);
    }
    if (fresh.empty()) return;
    const Change& change = *fresh.front();
    const auto target = change.catalog->target_profile ? store_.profile(*change.catalog->target_profile)
                                                       : Result<Profile>(fail(ErrorKind::not_found, ""));
    const std::string others =
        fresh.size() > 1 ? " and " + std::to_string(fresh.size() - 1) + " more are" : std::string(" is");
    context_.logger().warn(
        "catalog " + in_quotes(change.target.catalog_id) + others + " embedded by " +
        (target ? catalog::in_words(*target) : std::string("no provider")) + ", but this configuration asks for " +
        (change.target.profile ? in_quotes(change.target.provider) + ", " + catalog::in_words(*change.target.profile)
                               : std::string("no provider")) +
        "; nothing is changed until `embedq config apply`");
}

void TargetAssigner::log_change(const CatalogInfo& before, const CatalogTarget& target) {
    std::string line = "catalog " + in_quotes(target.catalog_id) + " is now embedded by ";
    if (!target.profile) {
        context_.logger().info(line + "no provider");
        return;
    }
    line += in_quotes(target.provider) + ", " + catalog::in_words(*target.profile);
    if (before.target_profile) {
        const auto old = store_.profile(*before.target_profile);
        if (old && old->id != target.profile->id) line += ", before by " + catalog::in_words(*old);
    }
    // An empty catalog needs no estimate, and the change is logged even if the estimate fails.
    if (const auto work = estimate_of(target.catalog_id, target.provider, *target.profile); work && work->texts > 0) {
        line += ": " + in_words(*work);
    }
    // A change to another model costs time and money, so it is logged as a warning.
    context_.logger().log(before.target_profile ? LogLevel::warn : LogLevel::info, line);
}

void TargetAssigner::assign(const std::string& catalog_id) {
    const std::string provider = provider_of(catalog_id);
    if (provider.empty()) return;
    const auto resolved = [&]() -> Result<endpoints::ProbedProviderPtr> {
        if (endpoints::ProbedProviderPtr known = providers_.known(provider)) return known;
        {
            const sync::Lock lock(mutex_);
            const auto earlier = unanswered_.find(provider);
            if (earlier != unanswered_.end() && context_.clock().now() < earlier->second.until)
                return std::unexpected(earlier->second.error);
        }
        const Answers answers = prober_.probe({provider}, std::min(settings_.provider_timeout, put_timeout), {});
        remember_unanswered(answers);
        return answers.at(provider);
    }();
    if (!resolved) {
        // Who works on the store waits for the provider, and reports that.
        context_.logger().info(
            "catalog " + in_quotes(catalog_id) +
            " has no target yet, because its provider does not answer: " + to_string(resolved.error()));
        return;
    }
    const CatalogTarget target{catalog_id, provider, (*resolved)->profile};
    if (const auto set = store_.set_targets(std::span(&target, 1)); !set) {
        context_.logger().warn("catalog " + in_quotes(catalog_id) + " has no target yet: " + to_string(set.error()));
    }
}

Result<CatalogTarget> TargetAssigner::next_epoch(const CatalogInfo& catalog) {
    if (!catalog.target_profile) {
        return fail(ErrorKind::conflict, "catalog " + in_quotes(catalog.catalog_id) + " has no provider",
                    name_a_provider);
    }
    const auto current = store_.profile(*catalog.target_profile);
    if (!current) return std::unexpected(current.error());
    return CatalogTarget{catalog.catalog_id, catalog.provider, catalog::with_epoch(*current, current->epoch + 1)};
}

Result<std::size_t> TargetAssigner::reembed(const CatalogInfo& catalog) {
    const auto target = next_epoch(catalog);
    if (!target) return std::unexpected(target.error());
    if (const auto set = store_.set_targets(std::span(&*target, 1)); !set) return std::unexpected(set.error());
    return enqueue_all(catalog.catalog_id);
}

Result<EmbeddingEstimate> TargetAssigner::estimate(const CatalogInfo& catalog, EstimateFor what) {
    Answers answers;
    // The caller asked for the estimate, so it waits as long as the provider takes.
    if (const std::string provider = provider_of(catalog.catalog_id);
        what != EstimateFor::reembedding && !provider.empty())
        answers.emplace(provider, providers_.known_or_probe(provider));
    const auto target = what == EstimateFor::reembedding ? next_epoch(catalog) : configured_target(catalog, answers);
    if (!target) return std::unexpected(target.error());
    if (!target->profile) {
        return fail(ErrorKind::conflict, "catalog " + in_quotes(catalog.catalog_id) + " has no provider",
                    name_a_provider);
    }
    auto work = estimate_of(catalog.catalog_id, target->provider, *target->profile);
    if (work) work->changes_target = catalog.target_profile != target->profile->id;
    return work;
}

Result<EmbeddingEstimate> TargetAssigner::estimate_of(const std::string& catalog_id, const std::string& provider,
                                                      const Profile& profile) {
    const auto load = store_.workload(catalog_id, profile.id);
    if (!load) return std::unexpected(load.error());
    EmbeddingEstimate work;
    work.provider = provider;
    work.profile = profile;
    work.texts = load->texts;
    work.settled_texts = load->settled_texts;
    work.bytes = load->bytes - load->settled_bytes;
    if (profile.max_text_bytes > 0) work.bytes = std::min(work.bytes, work.to_embed() * profile.max_text_bytes);
    work.bytes += work.to_embed() * profile.document_prefix.size();
    work.tokens = divided(work.bytes, bytes_per_token);
    const auto resolved = providers_.known_or_probe(provider);
    if (!resolved) return std::unexpected(resolved.error());
    work.calls = calls_of(work, (*resolved)->info.limits, (*resolved)->limits.batch_inputs);
    return work;
}

Result<std::size_t> TargetAssigner::enqueue_all(std::string_view catalog_id) {
    std::size_t enqueued = 0;
    std::string after;
    while (true) {
        const auto specs = store_.specs(catalog_id, after, page);
        if (!specs) return std::unexpected(specs.error());
        if (specs->empty()) break;
        std::vector<EnqueueRequest> requests;
        for (const SpecInfo& info : *specs) {
            if (info.operation_count > 0) requests.push_back({info.catalog_id, info.spec_name, JobKind::reembed});
        }
        const auto outcomes = store_.enqueue(requests);
        if (!outcomes) return std::unexpected(outcomes.error());
        enqueued += static_cast<std::size_t>(
            std::ranges::count_if(*outcomes, [](EnqueueOutcome o) { return o != EnqueueOutcome::none; }));
        after = specs->back().spec_name;
    }
    if (enqueued > 0) notifier_.publish();
    return enqueued;
}

}  // namespace embedq::engine

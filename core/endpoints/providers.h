// The configured providers of this process, and what they are: the scheduler sends texts to them, and the engine embeds
// queries with them. A probe asks a provider what it is (Provider::info). Probes are repeated from time to time, since
// a model can be replaced under its name.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/profile.h"
#include "embedq/provider.h"
#include "endpoints/query_admission.h"
#include "settings/settings.h"
#include "sync/mutex.h"

namespace embedq::endpoints {

struct ProviderBinding {
    std::string name;  // in the YAML
    std::string plugin;
    std::shared_ptr<Provider> provider;
    LimitSettings limits;
    // Made from a stored profile, to embed queries for the profile that a catalog is still ranked by; gets no
    // documents.
    bool queries_only = false;
};

class ProviderHealth;

// A provider that answered a probe: its facts with the configured limits applied, and the profile (epoch 0) of its
// vectors.
struct ProbedProvider {
    std::string name;
    std::string plugin;
    std::shared_ptr<Provider> provider;
    ProviderInfo info;
    LimitSettings limits;
    Profile profile;
    std::shared_ptr<ProviderHealth> health;
    std::uint64_t generation = 0;  // grows with each change of the fingerprint

    // One call, like Provider::embed. Vectors of another model than that of `profile` are never returned: an answer
    // that arrives during a probe is held back until the probe ends, and becomes `misconfigured` if the model changed.
    // The answer to a query is held back for at most 1 s after the probe began, that of documents until the deadline,
    // too. If the probe has not ended by then, or at a stop, the call fails with `conflict`, which says nothing about
    // the provider or the texts; no provider's own error has that kind. After `misconfigured` the provider is probed
    // again immediately. After a query that failed, queries are refused without a call (for 1 s, doubling to 30 s),
    // then one is tried, for at most 3 s.
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) const;
    // The same for a query that any of these endpoints may answer: they are asked in this order until one does, each
    // for an equal part of the time that is left, so that one that hangs leaves time for the others. `failed` is told
    // of each failure. A query is refused, or counts as failed, as a whole.
    using EndpointFailed = std::function<void(std::size_t endpoint, const Error& error)>;
    [[nodiscard]] Result<EmbedResult> embed_query(const EmbedRequest& request, std::span<const std::size_t> endpoints,
                                                  const EndpointFailed& failed = {}) const;

private:
    // One call to one endpoint.
    [[nodiscard]] Result<EmbedResult> ask(const EmbedRequest& request) const;
    [[nodiscard]] Result<EmbedResult> ask_in_turn(EmbedRequest request, std::span<const std::size_t> endpoints,
                                                  const EndpointFailed& failed) const;
    // The error if the answer is not of the model of `profile`, or if that is not known.
    [[nodiscard]] std::optional<Error> check_model(const EmbedResult& result, const EmbedRequest& request) const;
};
using ProbedProviderPtr = std::shared_ptr<const ProbedProvider>;

// The result of a probe.
struct ProbeResult {
    ProbedProviderPtr before;  // null if it had not answered yet
    ProbedProviderPtr now;     // the same object as `before` if nothing changed
    [[nodiscard]] bool changed() const noexcept { return before != now; }
    [[nodiscard]] bool model_changed() const noexcept {
        return before && before->profile.fingerprint != now->profile.fingerprint;
    }
};

// Called when a provider answers for the first time, when its model changed, and from time to time while a catalog has
// no target: sets the catalogs' targets, as far as the process may. After an error it is called again later. Called on
// the prober's thread, with no lock held.
using ModelListener = std::function<Status()>;

class ProviderDirectory {
public:
    using Steady = Clock::Steady;
    // Makes a provider from a stored profile and its options; nothing if it cannot be made. One call at a time.
    using MakeServing = std::function<std::optional<ProviderBinding>(const Profile&)>;

    // The clock must outlive the directory; null is the system's clock.
    explicit ProviderDirectory(std::vector<ProviderBinding> bindings, const Clock* clock = nullptr,
                               MakeServing make_serving = {});
    ~ProviderDirectory();

    // Of the providers that documents are sent to.
    [[nodiscard]] std::vector<std::string> names() const;
    // Of all providers, including those for queries only.
    [[nodiscard]] std::vector<std::string> all_names() const;

    [[nodiscard]] bool queries_only(std::string_view name) const;

    // The result of the last probe that was answered; null if there is none.
    [[nodiscard]] ProbedProviderPtr known(std::string_view name) const;
    // Why the last probe failed; nothing if it was answered, or if there was none.
    [[nodiscard]] std::optional<Error> failure(std::string_view name) const;
    // Probes the provider and remembers the answer. An error leaves what is known as it is. `not_found` for a name that
    // is not configured; otherwise the provider's error.
    [[nodiscard]] Result<ProbeResult> probe(std::string_view name, std::stop_token stop = {});
    // What is known, or else a probe.
    [[nodiscard]] Result<ProbedProviderPtr> known_or_probe(std::string_view name, std::stop_token stop = {});

    // A provider that makes the profile's vectors, for queries: one that is configured, or one made from the profile. A
    // provider that has not answered yet is probed for at most 5 s and not beyond the deadline, then not again for 5 s,
    // doubling to 60 s. `not_found` if there is none; `unavailable` if it may be one that did not answer.
    [[nodiscard]] Result<ProbedProviderPtr> for_profile(const Profile& profile, std::stop_token stop = {},
                                                        Steady deadline = Steady::max());

    // Takes the names of the providers that failed as `misconfigured` since the last call. Waits for the first until
    // the deadline or a stop.
    [[nodiscard]] std::set<std::string> take_recheck_requests(Steady deadline, std::stop_token stop);

    // What admits this process's queries.
    [[nodiscard]] QueryAdmission& query_admission() noexcept { return query_admission_; }

private:
    struct Entry;
    enum class ProbeWhen : std::uint8_t {
        always,
        unless_known,
    };
    class RecheckRequests;
    using EntryPtr = std::shared_ptr<Entry>;

    [[nodiscard]] Steady now() const;
    [[nodiscard]] EntryPtr find(std::string_view name) const;
    [[nodiscard]] std::vector<EntryPtr> entries() const;
    [[nodiscard]] EntryPtr add(ProviderBinding binding);
    [[nodiscard]] Result<ProbeResult> probe(std::string_view name, ProbeWhen when, std::stop_token stop);
    [[nodiscard]] static Result<ProbeResult> probe(Entry& entry, ProbeWhen when, std::stop_token stop);
    // Unless it is known and no recheck was requested. Not during another probe, nor soon after one.
    [[nodiscard]] static Result<ProbeResult> probe_for_query(Entry& entry, std::chrono::milliseconds limit,
                                                             std::stop_token stop);
    [[nodiscard]] EntryPtr serving_entry(const Profile& profile);

    QueryAdmission query_admission_;
    const Clock* const clock_;
    const MakeServing make_serving_;
    const std::shared_ptr<RecheckRequests> recheck_requests_;
    mutable sync::Mutex mutex_;
    std::map<std::string, EntryPtr, std::less<>> entries_ EMBEDQ_GUARDED_BY(mutex_);
    sync::Mutex making_;  // held while a provider is made from a profile
    // Profiles for which a provider was made or could not be made, and when to try again.
    std::map<Sha256, Steady> tried_ EMBEDQ_GUARDED_BY(making_);
};

}  // namespace embedq::endpoints

// The configured providers of this process, resolved when they first answer: what the scheduler sends texts to and the
// engine embeds queries with. They are asked again from time to time, since a model can be replaced under its name.
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
    // Made from a stored profile, so that queries can be embedded for what a catalog is still ranked by; gets no
    // documents.
    bool queries_only = false;
};

class ProviderHealth;

// A provider that answered: its facts, with the configured limits applied, and the profile (epoch 0) that its vectors
// have.
struct ResolvedProvider {
    std::string name;
    std::string plugin;
    std::shared_ptr<Provider> provider;
    ProviderInfo info;
    LimitSettings limits;
    Profile profile;
    std::shared_ptr<ProviderHealth> health;
    std::uint64_t generation = 0;  // grows with each change of the fingerprint

    // One call, as Provider::embed. Vectors of another model than `profile` says are never returned: an answer that
    // comes while the provider is being asked anew is held until it is known, and refused as `misconfigured` where the
    // model changed. That of a query is held no longer than 1 s after the question began, that of documents until the
    // deadline too; where nobody knows by then, or at a stop, the call fails with `conflict`, which says nothing
    // against the provider or the texts. No provider's own error has that kind. Whatever is `misconfigured` has the
    // provider asked again at once. A query after one that failed is refused without a call for a while (1 s, doubling
    // to 30 s), then tried once, for 3 s at most.
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) const;

private:
    // What is wrong with an answer as such: it is not of the model of `profile`, or nobody knows.
    [[nodiscard]] std::optional<Error> check_model(const EmbedResult& result, const EmbedRequest& request) const;
};
using ResolvedPtr = std::shared_ptr<const ResolvedProvider>;

// What came of asking a provider again.
struct ProbeResult {
    ResolvedPtr before;  // nothing when it had not answered yet
    ResolvedPtr now;     // the same object as before when it says the same
    [[nodiscard]] bool changed() const noexcept { return before != now; }
    [[nodiscard]] bool model_changed() const noexcept {
        return before && before->profile.fingerprint != now->profile.fingerprint;
    }
};

// Told when a provider first answers, and when its model is another one: gives the catalogs their targets anew. An
// error has it called again in a while. On the prober's thread, with no lock held. None: this process leaves targets
// alone, as a worker does.
using ModelListener = std::function<Status()>;

class ProviderDirectory {
public:
    using Steady = Clock::Steady;
    // Makes a provider from a stored profile whose options are in its row; nothing where it cannot be made. One call at
    // a time.
    using MakeServing = std::function<std::optional<ProviderBinding>(const Profile&)>;

    // The clock outlives the directory; without one it is the system's.
    explicit ProviderDirectory(std::vector<ProviderBinding> bindings, const Clock* clock = nullptr,
                               MakeServing make_serving = {});
    ~ProviderDirectory();

    // Those that documents are sent to.
    [[nodiscard]] std::vector<std::string> names() const;
    // All, with those that queries alone are sent to.
    [[nodiscard]] std::vector<std::string> all_names() const;

    [[nodiscard]] bool queries_only(std::string_view name) const;

    // Asks the provider for its facts once, and remembers them when it answered. `not_found` for a name that is not
    // configured; otherwise what the provider said.
    [[nodiscard]] Result<ResolvedPtr> resolve(std::string_view name, std::stop_token stop = {});
    // What is remembered; nothing for one that has not answered.
    [[nodiscard]] ResolvedPtr known(std::string_view name) const;
    // Asks again and takes over what is new. An error leaves what is known as it is.
    [[nodiscard]] Result<ProbeResult> probe_again(std::string_view name, std::stop_token stop = {});

    // A provider that makes the profile's vectors, for queries: one that is configured, or one made from the profile.
    // Those that are known cost nothing; one that has not answered is asked, for 5 s at most, and not again for a while
    // (5 s, doubling to 60 s). `not_found` when there is none; `unavailable` when one that did not answer may be it.
    [[nodiscard]] Result<ResolvedPtr> for_profile(const Profile& profile, std::stop_token stop = {});

    // Takes the names of providers that said `misconfigured` since the last call; waits for one until the deadline or a
    // stop.
    [[nodiscard]] std::set<std::string> take_recheck_requests(Steady deadline, std::stop_token stop);

    // What endpoints and queries of this process share of each provider's queries.
    [[nodiscard]] QueryAdmission& query_admission() noexcept { return query_admission_; }

private:
    struct Entry;
    class RecheckRequests;
    using EntryPtr = std::shared_ptr<Entry>;

    [[nodiscard]] Steady now() const;
    [[nodiscard]] EntryPtr find(std::string_view name) const;
    [[nodiscard]] std::vector<EntryPtr> entries() const;
    [[nodiscard]] EntryPtr add(ProviderBinding binding);
    // For the sake of a query: quick, or not at all.
    [[nodiscard]] Result<ResolvedPtr> ask_quickly(Entry& entry, std::stop_token stop);
    [[nodiscard]] EntryPtr serving_entry(const Profile& profile);

    QueryAdmission query_admission_;
    const Clock* const clock_;
    const MakeServing make_serving_;
    const std::shared_ptr<RecheckRequests> recheck_requests_;
    mutable sync::Mutex mutex_;
    std::map<std::string, EntryPtr, std::less<>> entries_ EMBEDQ_GUARDED_BY(mutex_);
    sync::Mutex making_;  // held while one is made
    // Profiles for which none could be made, and when to try again.
    std::map<Sha256, Steady> tried_ EMBEDQ_GUARDED_BY(making_);
};

}  // namespace embedq::endpoints

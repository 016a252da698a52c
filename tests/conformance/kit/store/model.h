// A small model of what a store must answer, written independently of any store: plain lists and no indexes; every
// answer comes from a look at everything.
//
// The random case applies each step to the model and to the store. Times are the store's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "embedq/claim.h"
#include "embedq/job.h"
#include "embedq/profile.h"

namespace embedq::conformance {

struct ModelText {
    Time at{};
    bool refused = false;
    bool cut = false;         // the text was cut
    std::uint32_t times = 0;  // refused in a row
    Time due{};               // when a refused text is asked for again
};

struct ModelSpec {
    std::vector<std::string> texts;
    std::optional<Time> force_from;
    std::uint32_t failures = 0;
    std::optional<Time> parked_until;
};

struct ModelCatalog {
    std::map<std::string, ModelSpec> specs;
    std::optional<Profile> target;
    std::optional<Sha256> serving;
};

struct ModelJob {
    JobId id = 0;
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;
    JobStatus status = JobStatus::pending;
    std::uint32_t attempts = 0;
    std::uint32_t expiries = 0;
    Time due{};
    Time expires{};
    Time completed{};
    LeaseToken token{};
    Sha256 profile_id{};  // while running
    std::size_t new_vectors = 0;
    std::size_t embedded = 0;
    [[nodiscard]] bool open() const { return status == JobStatus::pending || status == JobStatus::running; }
};

struct Model {
    std::map<std::string, ModelCatalog> catalogs;
    std::map<JobId, ModelJob> jobs;
    std::map<std::pair<Sha256, std::string>, ModelText> texts;  // by profile and text

    // What settles the text for the spec, or nullptr.
    [[nodiscard]] const ModelText* settled(const Sha256& profile_id, const ModelSpec& spec,
                                           const std::string& text) const;
    [[nodiscard]] bool has_gap(const ModelCatalog& catalog, const ModelSpec& spec) const;
    [[nodiscard]] bool all_settled(const ModelCatalog& catalog) const;
    // Whether a job that was enqueued as that kind may be due at that time: now, or before the reconciler's jobs.
    [[nodiscard]] bool may_be_due(const ModelJob& job, JobKind kind, Time due, Time now) const;
    [[nodiscard]] Settlement settlement(const ModelCatalog& catalog) const;
    [[nodiscard]] ModelJob* pending(const std::string& catalog_id, const std::string& spec_name);
    [[nodiscard]] std::size_t running(const std::string& catalog_id, const std::string& spec_name) const;
    // The spec of a job, unless it was deleted.
    [[nodiscard]] ModelSpec* spec_of(const ModelJob& job);
    // The jobs that a claim must return, in order.
    [[nodiscard]] std::vector<JobId> claim(const ClaimRequest& request, Time now);
    [[nodiscard]] bool referred_to(const Sha256& profile_id, const std::string& text) const;

    [[nodiscard]] bool has_due_refusal(const ModelCatalog& catalog, const ModelSpec& spec, Time now) const;

    // Writes a vector or refusal if it is newer. Returns whether it is a vector and the spec had none for the text.
    bool write(const Sha256& profile_id, const std::string& text, const ModelText& written, const ModelSpec& spec,
               Time now);
    // A success becomes a failure if a text of the spec is refused.
    void finish(ModelJob& job, JobStatus status, Time now);
    [[nodiscard]] bool has_refusal(const ModelJob& job);
};

}  // namespace embedq::conformance

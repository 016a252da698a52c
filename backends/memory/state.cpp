#include "state.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "embedq/support/store_rules.h"

namespace embedq::memory {

std::size_t Sha256Hash::operator()(const Sha256& hash) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, hash.data(), sizeof value);
    return value;
}

Result<CatalogRow*> State::catalog(std::string_view id) {
    const auto found = catalogs.find(id);
    if (found == catalogs.end()) return no_such_catalog(id);
    return &found->second;
}

Result<SpecRow*> State::spec(std::string_view catalog_id, std::string_view spec_name) {
    auto owner = catalog(catalog_id);
    if (!owner) return std::unexpected(owner.error());
    const auto found = (*owner)->specs.find(spec_name);
    if (found == (*owner)->specs.end()) return no_such_spec(catalog_id, spec_name);
    return &found->second;
}

SpecRow* State::spec_of(const Job& job) {
    const auto owner = catalogs.find(job.catalog_id);
    if (owner == catalogs.end()) return nullptr;
    const auto found = owner->second.specs.find(job.spec_name);
    return found == owner->second.specs.end() ? nullptr : &found->second;
}

JobRow* State::held(const JobRef& ref) {
    const auto found = jobs.find(ref.id);
    if (found == jobs.end()) return nullptr;
    JobRow& row = found->second;
    return row.job.status == JobStatus::running && row.token == ref.token ? &row : nullptr;
}

const ProfileRow* State::target_of(const CatalogRow& catalog) const {
    if (!catalog.info.target_profile) return nullptr;
    return &profiles.at(*catalog.info.target_profile);
}

// --- texts

const SettledText* State::settled(const ProfileRow& profile, const SpecRow& spec, const Sha256& text_hash) {
    const auto found = profile.texts.find(text_hash);
    if (found == profile.texts.end()) return nullptr;
    if (spec.force_from && found->second.written_at < *spec.force_from) return nullptr;
    return &found->second;
}

bool State::has_gap(const CatalogRow& catalog, const SpecRow& spec) const {
    const ProfileRow* target = target_of(catalog);
    if (target == nullptr) return false;
    return std::ranges::any_of(spec.operations, [&](const Operation& operation) {
        return settled(*target, spec, operation.text_hash) == nullptr;
    });
}

bool State::has_due_refusal(const CatalogRow& catalog, const SpecRow& spec, Time now) const {
    const ProfileRow* target = target_of(catalog);
    if (target == nullptr) return false;
    return std::ranges::any_of(spec.operations, [&](const Operation& operation) {
        const SettledText* text = settled(*target, spec, operation.text_hash);
        return text != nullptr && text->due(now);
    });
}

std::string State::current_refusal(const JobRow& row) {
    const SpecRow& spec = *spec_of(row.job);
    const ProfileRow& profile = profiles.at(row.profile_id);
    for (const Operation& operation : spec.operations) {
        const SettledText* text = settled(profile, spec, operation.text_hash);
        if (text != nullptr && text->refused())
            return "operation '" + operation.operation_id + "' was refused: " + text->refusal;
    }
    return {};
}

bool State::flip_if_settled(CatalogRow& catalog, Time now) {
    if (!catalog.info.target_profile || catalog.info.serving_profile == catalog.info.target_profile) return false;
    // Most calls come while the catalog is still being embedded, when the gap that was found last nearly always still
    // exists.
    const auto hinted = catalog.specs.find(catalog.unsettled_hint);
    if (hinted != catalog.specs.end() && has_gap(catalog, hinted->second)) return false;
    for (const auto& [name, spec] : catalog.specs) {
        if (!has_gap(catalog, spec)) continue;
        catalog.unsettled_hint = name;
        return false;
    }
    catalog.info.serving_profile = catalog.info.target_profile;
    catalog.info.updated_at = now;
    note_everything(catalog);
    return true;
}

void State::set_operations(CatalogRow& catalog, SpecRow& spec, std::vector<Operation> operations) {
    for (std::size_t i = 0; i < spec.operations.size(); ++i) {
        if (!spec.first_of_text[i]) continue;
        const auto users = text_users.find(spec.operations[i].text_hash);
        const auto user = users->second.find(catalog.info.catalog_id);
        user->second.erase(spec.info.spec_name);
        if (user->second.empty()) users->second.erase(user);
        if (users->second.empty()) text_users.erase(users);
    }
    spec.operations = std::move(operations);
    spec.first_of_text.assign(spec.operations.size(), false);
    std::unordered_set<Sha256, Sha256Hash> seen;
    for (std::size_t i = 0; i < spec.operations.size(); ++i) {
        if (!seen.insert(spec.operations[i].text_hash).second) continue;
        spec.first_of_text[i] = true;
        text_users[spec.operations[i].text_hash][catalog.info.catalog_id].insert(spec.info.spec_name);
    }
    spec.distinct_texts = seen.size();
    spec.info.operation_count = spec.operations.size();
}

bool State::referred_to(const Sha256& profile_id, const Sha256& text_hash) const {
    const auto users = text_users.find(text_hash);
    if (users == text_users.end()) return false;
    return std::ranges::any_of(users->second, [&](const auto& user) {
        const CatalogInfo& info = catalogs.find(user.first)->second.info;
        return info.target_profile == profile_id || info.serving_profile == profile_id;
    });
}

void State::rename(CatalogRow& catalog, const std::string& from, const std::string& to, Time now) {
    set_operations(catalog, catalog.specs.find(from)->second, {});
    auto node = catalog.specs.extract(from);
    node.key() = node.mapped().info.spec_name = to;
    catalog.specs.insert(std::move(node));
    note_change(catalog, from, now);
    auto moved = jobs_by_spec.extract(SpecKey(catalog.info.catalog_id, from));
    if (moved.empty()) return;
    for (const JobId id : moved.mapped()) jobs.at(id).job.spec_name = to;
    jobs_by_spec[{catalog.info.catalog_id, to}].merge(moved.mapped());
}

// --- the change feed

void State::note_change(CatalogRow& catalog, std::string_view spec_name, Time now) {
    catalog.revision = ++last_revision;
    const auto before = catalog.feed_by_spec.find(spec_name);
    if (before != catalog.feed_by_spec.end()) {
        catalog.feed.erase(before->second);
        before->second = catalog.revision;
    } else {
        catalog.feed_by_spec.emplace(spec_name, catalog.revision);
    }
    catalog.feed.emplace(catalog.revision, ChangeRow{now, std::string(spec_name)});
}

void State::note_everything(CatalogRow& catalog) {
    catalog.revision = ++last_revision;
    catalog.feed_floor = catalog.revision;
    catalog.feed.clear();
    catalog.feed_by_spec.clear();
}

// --- the transitions of a job

void State::set_status(JobRow& row, JobStatus status) {
    jobs_by_status[row.job.status].erase(row.job.id);
    row.job.status = status;
    jobs_by_status[status].insert(row.job.id);
}

void State::list_pending(const JobRow& row) {
    pending.insert(pending_key(row));
    if (is_background(row.job.kind)) pending_bulk.insert({row.fingerprint, false, row.due, row.job.id});
}

void State::unlist_pending(const JobRow& row) {
    pending.erase(pending_key(row));
    pending_bulk.erase({row.fingerprint, false, row.due, row.job.id});
}

Time State::due_of(JobKind kind, const Sha256& fingerprint, Time now) const {
    if (is_background(kind)) return now;
    const auto first = pending_bulk.lower_bound({fingerprint, false, Time::min(), 0});
    if (first == pending_bulk.end() || first->fingerprint != fingerprint) return now;
    return std::min(now, first->due - std::chrono::microseconds(1));
}

void State::add_pending(JobRow& row, SpecRow& spec, Time due) {
    row.due = due;
    row.job.next_run_at = due;
    row.job.worker_id.clear();
    set_status(row, JobStatus::pending);
    list_pending(row);
    spec.pending = row.job.id;
}

void State::leave_state(JobRow& row) {
    SpecRow* spec = spec_of(row.job);
    if (row.job.status == JobStatus::pending) {
        unlist_pending(row);
        if (spec != nullptr) spec->pending.reset();
    }
    if (row.job.status == JobStatus::running) {
        leases.erase({*row.job.lease_expires_at, row.job.id});
        if (spec != nullptr) spec->running.erase(row.job.id);
    }
    row.job.next_run_at.reset();
    row.job.lease_expires_at.reset();
}

EnqueueOutcome State::enqueue(CatalogRow& catalog, SpecRow& spec, JobKind kind, Time now) {
    if (spec.pending) {
        JobRow& row = jobs.at(*spec.pending);
        unlist_pending(row);
        row.job.kind = joined(row.job.kind, kind);
        add_pending(row, spec, std::min(row.due, due_of(kind, row.fingerprint, now)));
        return EnqueueOutcome::collapsed;
    }
    const JobId id = ++last_job;
    JobRow& row = jobs[id];
    row.job.id = id;
    row.job.catalog_id = catalog.info.catalog_id;
    row.job.spec_name = spec.info.spec_name;
    row.job.kind = kind;
    row.job.created_at = now;
    row.fingerprint = target_of(catalog)->profile.fingerprint;
    add_pending(row, spec, due_of(kind, row.fingerprint, now));
    spec.newest = id;
    jobs_by_spec[{row.job.catalog_id, row.job.spec_name}].insert(id);
    jobs_by_catalog[row.job.catalog_id].insert(id);
    return EnqueueOutcome::created;
}

void State::start(JobRow& row, const SpecRow& spec, std::string_view worker_id, const LeaseToken& token, Time now,
                  Time expires) {
    leave_state(row);
    set_status(row, JobStatus::running);
    row.token = token;
    row.new_vectors = 0;
    row.profile_id = *catalogs.find(spec.info.catalog_id)->second.info.target_profile;
    row.job.worker_id = worker_id;
    if (!row.job.started_at) row.job.started_at = now;
    row.job.lease_expires_at = expires;
    leases.insert({expires, row.job.id});
    spec_of(row.job)->running.insert(row.job.id);
}

void State::extend(JobRow& row, Time expires) {
    leases.erase({*row.job.lease_expires_at, row.job.id});
    row.job.lease_expires_at = expires;
    leases.insert({expires, row.job.id});
}

void State::back_to_pending(JobRow& row, Time due, Time now) {
    SpecRow* spec = spec_of(row.job);
    leave_state(row);
    if (!spec->pending) {
        const auto& info = catalogs.find(row.job.catalog_id)->second.info;
        row.fingerprint = info.target_profile ? profiles.at(*info.target_profile).profile.fingerprint : Sha256{};
        add_pending(row, *spec, due);
        return;
    }
    // The pending job does the work. It takes over the counts; otherwise a spec that is enqueued often could kill
    // workers forever.
    JobRow& behind = jobs.at(*spec->pending);
    unlist_pending(behind);
    behind.job.attempts = std::max(behind.job.attempts, row.job.attempts);
    behind.job.expiries = std::max(behind.job.expiries, row.job.expiries);
    if (behind.job.last_error.empty()) behind.job.last_error = row.job.last_error;
    list_pending(behind);
    finish(row, JobStatus::cancelled, now);
}

void State::finish(JobRow& row, JobStatus status, Time now) {
    leave_state(row);
    set_status(row, status);
    row.job.completed_at = now;
    finished.insert({now, row.job.id});
    SpecRow* spec = spec_of(row.job);
    if (spec == nullptr) return;
    if (status == JobStatus::succeeded) {
        spec->failures = 0;
        spec->info.parked_until.reset();
    }
    if (status == JobStatus::failed) {
        ++spec->failures;
        spec->info.parked_until = now + parking_time(spec->failures);
    }
}

void State::move_to(JobRow& row, const Sha256& fingerprint) {
    unlist_pending(row);
    row.fingerprint = fingerprint;
    list_pending(row);
}

void State::cancel_open(SpecRow& spec, std::string_view reason, Time now) {
    std::vector<JobId> open(spec.running.begin(), spec.running.end());
    if (spec.pending) open.push_back(*spec.pending);
    for (const JobId id : open) {
        JobRow& row = jobs.at(id);
        row.job.last_error = reason;
        finish(row, JobStatus::cancelled, now);
    }
}

void State::forget(JobId id) {
    const JobRow& row = jobs.at(id);
    const Job& job = row.job;
    finished.erase({*job.completed_at, id});
    jobs_by_status[job.status].erase(id);
    const auto of_spec = jobs_by_spec.find({job.catalog_id, job.spec_name});
    of_spec->second.erase(id);
    if (of_spec->second.empty()) jobs_by_spec.erase(of_spec);
    const auto of_catalog = jobs_by_catalog.find(job.catalog_id);
    of_catalog->second.erase(id);
    if (of_catalog->second.empty()) jobs_by_catalog.erase(of_catalog);
    if (SpecRow* spec = spec_of(job); spec != nullptr && spec->newest == id) spec->newest.reset();
    jobs.erase(id);
}

}  // namespace embedq::memory

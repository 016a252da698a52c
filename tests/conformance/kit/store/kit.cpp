#include "kit.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace embedq::conformance {
namespace {

std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31U);
}

}  // namespace

Sha256 hash_of(std::string_view text) {
    std::uint64_t state = 0xcbf29ce484222325ULL;
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    std::array<std::uint64_t, 4> words{};
    for (auto& word : words) word = state = mix(state);
    return std::bit_cast<Sha256>(words);
}

std::vector<float> vector_of(const Sha256& text_hash, std::size_t dimension, std::uint32_t salt) {
    std::uint64_t state = 0;
    std::memcpy(&state, text_hash.data(), sizeof state);
    state = mix(state + salt);
    std::vector<float> values(dimension);
    for (float& value : values) value = static_cast<float>((state = mix(state)) % 2000) / 1000.0F - 1.0F;
    values.front() = 1.0F + static_cast<float>(salt);
    return values;
}

Profile make_profile(std::string model, std::size_t dimension, std::uint32_t epoch) {
    Profile profile;
    profile.fingerprint = hash_of("fingerprint " + model + " " + std::to_string(dimension));
    profile.id = epoch == 0 ? profile.fingerprint : hash_of("epoch " + std::to_string(epoch) + " of " + model);
    profile.epoch = epoch;
    profile.plugin = "simulated";
    profile.model = std::move(model);
    profile.model_digest = "digest";
    profile.dimension = dimension;
    profile.document_prefix = "document: ";
    profile.query_prefix = "query: ";
    profile.text_version = 1;
    profile.max_text_bytes = 8192;
    profile.semantic_weight = 0.5;
    profile.public_options = {{"dimension", std::to_string(dimension)}};
    return profile;
}

SpecWrite document(std::string spec_name, const std::vector<std::string>& texts, std::string catalog_id) {
    SpecWrite write;
    write.catalog_id = std::move(catalog_id);
    write.spec_name = std::move(spec_name);
    write.source_kind = SourceKind::file;
    write.source = "apis/" + write.spec_name + ".json";
    write.title = "Title of " + write.spec_name;
    write.description = "Description";
    write.text_version = 1;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        Operation operation;
        operation.operation_id = "op" + std::to_string(i);
        operation.method = "GET";
        operation.path = "/things/" + std::to_string(i);
        operation.summary = "Summary of " + texts[i];
        operation.tags = {"things", "tag " + std::to_string(i)};
        operation.text = texts[i];
        operation.text_hash = hash_of(texts[i]);
        operation.cut_bytes = static_cast<std::uint32_t>(i);
        write.operations.push_back(std::move(operation));
        write.content += texts[i] + "\n";
    }
    write.content_hash = hash_of(write.content);
    return write;
}

std::size_t Delivery::report(const JobRef& job, JobOutcome outcome, std::chrono::milliseconds delay,
                             std::string error) {
    commit_.jobs.push_back(JobReport{job, outcome, std::move(error), delay, {}, {}});
    return commit_.jobs.size() - 1;
}

void Delivery::vector(std::size_t report, const Sha256& profile, const Sha256& text_hash, Time as_of,
                      std::vector<float> values, std::uint32_t cut_to) {
    commit_.jobs[report].vectors.push_back(static_cast<std::uint32_t>(commit_.vectors.size()));
    commit_.vectors.push_back({profile, text_hash, as_of, values_.emplace_back(std::move(values)), cut_to});
}

void Delivery::vectors(std::size_t report, const MissingTexts& page, std::size_t dimension, std::uint32_t salt) {
    for (const MissingText& text : page.texts) {
        vector(report, page.profile_id, text.text_hash, page.as_of, vector_of(text.text_hash, dimension, salt));
    }
}

void Delivery::refusal(std::size_t report, const Sha256& profile, const Sha256& text_hash, Time as_of,
                       std::string reason) {
    commit_.jobs[report].refusals.push_back(static_cast<std::uint32_t>(commit_.refusals.size()));
    commit_.refusals.push_back({profile, text_hash, as_of, std::move(reason)});
}

Kit::Kit(StoreUnderTest& under_test, bool migrated) : under_test_(under_test) {
    if (migrated) {
        reopen();
    } else {
        store_ = must(under_test_.open());
    }
}

std::shared_ptr<Store> Kit::another() {
    return must(under_test_.open());
}

void Kit::reopen() {
    store_.reset();
    store_ = must(under_test_.open());
    static_cast<void>(must(store_->migrate()));
}

// --- producers

void Kit::catalog(const std::string& id) {
    catalog(id, target_);
}

void Kit::catalog(const std::string& id, const Profile& target) {
    must(store_->put_catalog({id, id + " name", "1", id + " display", "about " + id}));
    set_target(id, target);
}

std::size_t Kit::set_target(const std::string& id, const std::optional<Profile>& target) {
    const CatalogTarget wanted{id, target ? "provider of " + target->model : "", target};
    return must(store_->set_targets({&wanted, 1}));
}

PutResult Kit::put(const SpecWrite& write) {
    return must(store_->put_specs({&write, 1})).at(0);
}

EnqueueOutcome Kit::enqueue(const std::string& spec_name, JobKind kind, const std::string& catalog_id) {
    const EnqueueRequest request{catalog_id, spec_name, kind};
    return must(store_->enqueue({&request, 1})).at(0);
}

// --- workers

ClaimRequest Kit::claim_request(std::size_t max_jobs) const {
    ClaimRequest request;
    request.worker_id = "worker";
    request.fingerprints = {target_.fingerprint};
    request.max_jobs = max_jobs;
    request.max_texts = 1'000'000;
    request.lease = 20s;
    request.allow_suspect = true;
    return request;
}

std::vector<ClaimedJob> Kit::claim(std::size_t max_jobs) {
    return must(store_->claim(claim_request(max_jobs)));
}

ClaimedJob Kit::claim_one() {
    return claim_one(target_);
}

ClaimedJob Kit::claim_one(const Profile& profile) {
    auto request = claim_request();
    request.fingerprints = {profile.fingerprint};
    const auto jobs = must(store_->claim(request));
    if (jobs.size() != 1)
        throw std::runtime_error("expected one job to claim, but there were " + std::to_string(jobs.size()));
    return jobs[0];
}

bool Kit::nothing_to_claim() {
    const auto jobs = claim();
    if (!jobs.empty()) report(jobs[0], JobOutcome::release);
    return jobs.empty();
}

MissingTexts Kit::missing(const ClaimedJob& job) {
    const MissingQuery query{job.ref, -1, 100'000, 1U << 30U};
    return must(must(store_->missing_texts({&query, 1})).at(0));
}

bool Kit::report(const ClaimedJob& job, JobOutcome outcome, std::chrono::milliseconds delay, std::string error) {
    Delivery delivery;
    delivery.report(job.ref, outcome, delay, std::move(error));
    return must(store_->commit(delivery.commit())).at(0);
}

bool Kit::embed(const ClaimedJob& job, JobOutcome outcome, std::uint32_t salt) {
    const auto page = missing(job);
    Delivery delivery;
    delivery.vectors(delivery.report(job.ref, outcome), page, must(store_->profile(page.profile_id)).dimension, salt);
    return must(store_->commit(delivery.commit())).at(0);
}

bool Kit::embed_some(const ClaimedJob& job, std::size_t count, JobOutcome outcome) {
    auto page = missing(job);
    page.texts.resize(std::min(count, page.texts.size()));
    Delivery delivery;
    delivery.vectors(delivery.report(job.ref, outcome), page, must(store_->profile(page.profile_id)).dimension);
    return must(store_->commit(delivery.commit())).at(0);
}

bool Kit::refuse(const ClaimedJob& job, const std::string& text, const std::string& reason, JobOutcome outcome) {
    const auto page = missing(job);
    Delivery delivery;
    const auto report = delivery.report(job.ref, outcome, {}, outcome == JobOutcome::failed ? reason : "");
    delivery.refusal(report, page.profile_id, hash_of(text), page.as_of, reason);
    return must(store_->commit(delivery.commit())).at(0);
}

void Kit::embed_everything() {
    for (auto jobs = claim(); !jobs.empty(); jobs = claim()) {
        if (!embed(jobs[0])) throw std::runtime_error("a lease was lost right after the claim");
    }
}

std::vector<bool> Kit::heartbeat(const std::string& worker, const std::vector<JobRef>& jobs) {
    return must(store_->extend({worker, "host", 1, "1", jobs.size()}, jobs, 20s));
}

// --- reading

Job Kit::job(JobId id) {
    JobQuery query;
    query.id = id;
    const auto jobs = must(store_->jobs(query));
    if (jobs.size() != 1) throw std::runtime_error("job " + std::to_string(id) + " is not in the history");
    return jobs[0];
}

std::vector<Job> Kit::jobs_of(const std::string& spec_name, const std::string& catalog_id) {
    JobQuery query;
    query.catalog_id = catalog_id;
    query.spec_name = spec_name;
    query.limit = 1000;
    return must(store_->jobs(query));
}

std::size_t Kit::open_jobs(const std::string& spec_name, JobStatus status, const std::string& catalog_id) {
    const auto jobs = jobs_of(spec_name, catalog_id);
    return static_cast<std::size_t>(std::ranges::count(jobs, status, &Job::status));
}

Settlement Kit::settlement(const std::string& catalog_id) {
    return must(store_->settlement(catalog_id, {}));
}

CatalogInfo Kit::info(const std::string& catalog_id) {
    const auto all = must(store_->catalogs());
    const auto found = std::ranges::find(all, catalog_id, &CatalogInfo::catalog_id);
    if (found == all.end()) throw std::runtime_error("catalog '" + catalog_id + "' is not listed");
    return *found;
}

std::uint64_t Kit::revision(const std::string& catalog_id) {
    return must(store_->revision(catalog_id));
}

std::vector<float> Kit::vector(const std::string& text, const Profile& profile) {
    const Sha256 hash = hash_of(text);
    std::vector<float> values;
    must(store_->vectors(profile.id, {&hash, 1}, [&](std::size_t, std::span<const float> found) {
        values.assign(found.begin(), found.end());
    }));
    return values;
}

}  // namespace embedq::conformance

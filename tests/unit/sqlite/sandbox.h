// A folder of its own for one test, stores and raw connections on the file in it, and helpers to fill it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "conformance/test_context.h"
#include "database.h"
#include "embedq/catalog.h"
#include "embedq/commit.h"
#include "embedq/profile.h"
#include "failure.h"
#include "store.h"

namespace embedq::sqlite::testing {

class Sandbox {
public:
    Sandbox() {
        std::string pattern = (std::filesystem::temp_directory_path() / "embedq-sqlite-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
        folder = pattern;
    }
    ~Sandbox() {
        std::error_code error;
        std::filesystem::remove_all(folder, error);
    }
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    [[nodiscard]] std::string path(const std::string& name = "test.db") const { return (folder / name).string(); }

    std::filesystem::path folder;
};

template <class T>
T must(Result<T> result) {
    if (!result)
        throw std::runtime_error(std::string(to_string(result.error().kind)) + ": " + to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

[[nodiscard]] inline Options options_for(const std::string& path,
                                         std::chrono::milliseconds busy_timeout = std::chrono::seconds(10)) {
    return Options({{"path", path}, {"busy_timeout", busy_timeout}, {"synchronous", std::string("normal")}});
}

[[nodiscard]] inline std::unique_ptr<Store> open_store(const std::string& path, Context& context) {
    return must(make_store(options_for(path), context));
}

// A migrated file with nothing in it.
[[nodiscard]] inline std::unique_ptr<Store> fresh_store(const std::string& path, Context& context) {
    auto store = open_store(path, context);
    must(store->migrate());
    return store;
}

[[nodiscard]] inline std::unique_ptr<Connection> raw(const std::string& path) {
    return std::make_unique<Connection>(
        ConnectionSettings{.path = path, .full_sync = false, .writes = true, .create = true});
}

[[nodiscard]] inline Sha256 hash_of(std::string_view text) {
    Sha256 hash{};
    std::size_t state = std::hash<std::string_view>{}(text);
    for (auto& byte : hash) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<std::byte>(state >> 56U);
    }
    return hash;
}

[[nodiscard]] inline Profile profile_of(const std::string& model, std::size_t dimension = 4) {
    Profile profile;
    profile.id = hash_of(model + " id");
    profile.fingerprint = profile.id;
    profile.plugin = "test";
    profile.model = model;
    profile.dimension = dimension;
    profile.text_version = 1;
    return profile;
}

[[nodiscard]] inline SpecWrite document(const std::string& name, const std::vector<std::string>& texts,
                                        const std::string& catalog = "shop") {
    SpecWrite write;
    write.catalog_id = catalog;
    write.spec_name = name;
    write.text_version = 1;
    for (const std::string& text : texts) {
        const std::string id = "operation" + std::to_string(write.operations.size());
        write.operations.push_back({id, "GET", "/" + id, text, {"tag"}, text, hash_of(text), 0});
        write.content += text + "\n";
    }
    write.content_hash = hash_of(write.content);
    return write;
}

inline void make_catalog(Store& store, const Profile& profile, const std::string& id = "shop") {
    must(store.put_catalog({id, id, "1", id, ""}));
    const CatalogTarget target{id, "test", profile};
    must(store.set_targets({&target, 1}));
}

inline PutResult put(Store& store, const SpecWrite& write) {
    return must(store.put_specs({&write, 1})).at(0);
}

[[nodiscard]] inline ClaimRequest claim_request(const Profile& profile, std::size_t max_jobs = 1) {
    ClaimRequest request;
    request.worker_id = "worker";
    request.fingerprints = {profile.fingerprint};
    request.max_jobs = max_jobs;
    request.max_texts = 1'000'000;
    request.allow_suspect = true;
    return request;
}

// Commits a vector for every text that a held job still needs. Returns whether the lease was still held.
inline bool embed(Store& store, const ClaimedJob& job, const Profile& profile) {
    MissingQuery query{job.ref};
    query.max_texts = 1'000'000;
    const auto missing = must(store.missing_texts({&query, 1}));
    if (!missing.at(0)) return false;
    const std::vector<float> values(profile.dimension, 0.5F);
    Commit commit;
    commit.jobs.push_back(
        {.job = job.ref, .outcome = JobOutcome::succeeded, .error = {}, .vectors = {}, .refusals = {}});
    for (const MissingText& text : missing.at(0)->texts) {
        commit.jobs[0].vectors.push_back(static_cast<std::uint32_t>(commit.vectors.size()));
        commit.vectors.push_back({missing.at(0)->profile_id, text.text_hash, missing.at(0)->as_of, values});
    }
    return must(store.commit(commit)).at(0);
}

inline void embed_everything(Store& store, const Profile& profile) {
    for (auto jobs = must(store.claim(claim_request(profile))); !jobs.empty();
         jobs = must(store.claim(claim_request(profile)))) {
        ASSERT_TRUE(embed(store, jobs[0], profile));
    }
}

}  // namespace embedq::sqlite::testing

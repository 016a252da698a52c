// SHA-256, and what a profile's fingerprint covers.
#include "catalog/hash.h"

#include <functional>

#include "catalog/profile.h"
#include "support.h"

namespace embedq::catalog::test {
namespace {

TEST(Hash, IsSha256) {
    EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, StreamsAndStartsAgain) {
    Sha256Stream stream;
    stream.update("a");
    stream.update("");
    stream.update("bc");
    EXPECT_EQ(stream.finish(), sha256("abc"));
    EXPECT_EQ(stream.finish(), sha256(""));
}

TEST(Hash, ReadsItsHexadecimalForm) {
    const Sha256 digest = sha256("abc");
    EXPECT_EQ(from_hex(to_hex(digest)), digest);
    EXPECT_EQ(from_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), digest);
    EXPECT_EQ(from_hex(""), std::nullopt);
    EXPECT_EQ(from_hex(to_hex(digest).substr(1)), std::nullopt);
    EXPECT_EQ(from_hex("g" + to_hex(digest).substr(1)), std::nullopt);
}

ProviderInfo info() {
    return {.model = "m",
            .model_digest = "d",
            .dimension = 8,
            .document_prefix = "p",
            .query_prefix = "q",
            .limits = {.max_text_bytes = 100},
            .semantic_weight = 0.5,
            .public_options = {{"k", "v"}}};
}

TEST(Profile, CopiesWhatTheProviderReports) {
    const Profile profile = make_profile("plugin", info(), 3);
    EXPECT_EQ(profile.plugin, "plugin");
    EXPECT_EQ(profile.model, "m");
    EXPECT_EQ(profile.model_digest, "d");
    EXPECT_EQ(profile.dimension, 8U);
    EXPECT_EQ(profile.document_prefix, "p");
    EXPECT_EQ(profile.query_prefix, "q");
    EXPECT_EQ(profile.text_version, 3U);
    EXPECT_EQ(profile.max_text_bytes, 100U);
    EXPECT_EQ(profile.semantic_weight, 0.5);
    EXPECT_EQ(profile.public_options, info().public_options);
    EXPECT_EQ(profile.id, profile.fingerprint);
}

// A change here would make every existing vector unusable.
TEST(Profile, HasAPinnedFingerprint) {
    const auto number = [](unsigned value) { return std::string(1, static_cast<char>(value)) + std::string(7, '\0'); };
    const auto field = [&](const std::string& bytes) { return number(static_cast<unsigned>(bytes.size())) + bytes; };
    const std::string fields = field("plugin") + field("m") + field("d") + field(number(8)) + field("p") + field("q") +
                               field(number(3)) + field(number(100));
    const Profile profile = make_profile("plugin", info(), 3);
    EXPECT_EQ(profile.fingerprint, sha256(fields));
    const std::string bytes(reinterpret_cast<const char*>(profile.fingerprint.data()), profile.fingerprint.size());
    EXPECT_EQ(with_epoch(profile, 7).id, sha256(field(bytes) + field(number(7))));
}

TEST(Profile, ChangesItsFingerprintWithEachField) {
    const Sha256 base = make_profile("plugin", info(), 1).fingerprint;
    EXPECT_NE(make_profile("plugin2", info(), 1).fingerprint, base);
    EXPECT_NE(make_profile("plugin", info(), 2).fingerprint, base);
    const std::vector<std::function<void(ProviderInfo&)>> changes{
        [](ProviderInfo& i) { i.model = "n"; },
        [](ProviderInfo& i) { i.model_digest = "e"; },
        [](ProviderInfo& i) { i.dimension = 9; },
        [](ProviderInfo& i) { i.document_prefix = "r"; },
        [](ProviderInfo& i) { i.query_prefix = "r"; },
        [](ProviderInfo& i) { i.limits.max_text_bytes = 0; },
        [](ProviderInfo& i) { i.document_prefix = "pq", i.query_prefix = ""; }};
    for (const auto& change : changes) {
        ProviderInfo changed = info();
        change(changed);
        EXPECT_NE(make_profile("plugin", changed, 1).fingerprint, base);
    }
    ProviderInfo same = info();
    same.semantic_weight = 0.9;
    same.limits.concurrency = 7;
    same.public_options.clear();
    EXPECT_EQ(make_profile("plugin", same, 1).fingerprint, base);
}

TEST(Profile, HasAnIdForEachEpoch) {
    const Profile zero = make_profile("plugin", info(), 1);
    const Profile one = with_epoch(zero, 1);
    EXPECT_EQ(one.fingerprint, zero.fingerprint);
    EXPECT_EQ(one.epoch, 1U);
    EXPECT_NE(one.id, zero.id);
    EXPECT_NE(one.id, with_epoch(zero, 2).id);
    EXPECT_EQ(one, make_profile("plugin", info(), 1, 1));
    EXPECT_EQ(with_epoch(one, 0), zero);
}

}  // namespace
}  // namespace embedq::catalog::test

// What a provider reports about itself: complete, consistent, and the same each time.
#include <set>

#include "kit/provider/kit.h"

namespace embedq::conformance {
namespace {

// Fields whose change would change the profile, and with it what every vector is compared with.
void expect_equal(const ProviderInfo& one, const ProviderInfo& other, const std::string& when) {
    EXPECT_EQ(one.model, other.model) << when;
    EXPECT_EQ(one.model_digest, other.model_digest) << when;
    EXPECT_EQ(one.dimension, other.dimension) << when;
    EXPECT_EQ(one.document_prefix, other.document_prefix) << when;
    EXPECT_EQ(one.query_prefix, other.query_prefix) << when;
    EXPECT_EQ(one.endpoints, other.endpoints) << when;
    EXPECT_EQ(one.semantic_weight, other.semantic_weight) << when;
    EXPECT_EQ(one.public_options, other.public_options) << when;
}

void names_a_model_and_a_dimension(ProviderKit& kit) {
    EXPECT_FALSE(kit.info().model.empty()) << "info().model is empty, but it shows people which model made a vector";
    EXPECT_GT(kit.info().dimension, 0U);
}

void endpoints_have_different_names(ProviderKit& kit) {
    const auto& endpoints = kit.info().endpoints;
    EXPECT_FALSE(endpoints.empty())
        << "info().endpoints is empty, but the host calls an endpoint, so there is at least one";
    const std::set<std::string> names(endpoints.begin(), endpoints.end());
    EXPECT_EQ(names.size(), endpoints.size()) << "two endpoints have the same name, but each has a state of its own";
    EXPECT_FALSE(names.contains("")) << "an endpoint has no name";
}

void endpoint_names_hold_no_credentials(ProviderKit& kit) {
    for (const std::string& name : kit.info().endpoints) {
        const std::size_t scheme = name.find("://");
        if (scheme == std::string::npos) continue;
        const std::string authority = name.substr(scheme + 3, name.find('/', scheme + 3) - scheme - 3);
        EXPECT_EQ(authority.find('@'), std::string::npos) << "an endpoint's name holds user information; names are "
                                                             "shown to people, so leave out the part before '@'";
    }
}

void limits_agree_with_each_other(ProviderKit& kit) {
    const ProviderLimits& limits = kit.info().limits;
    if (limits.max_request_bytes == 0) return;
    EXPECT_LE(limits.max_text_bytes, limits.max_request_bytes) << "a text may be longer than its request";
}

void semantic_weight_is_a_share(ProviderKit& kit) {
    EXPECT_GE(kit.info().semantic_weight, 0.0);
    EXPECT_LE(kit.info().semantic_weight, 1.0);
}

void public_options_are_named_once(ProviderKit& kit) {
    std::set<std::string> names;
    for (const auto& [name, value] : kit.info().public_options) {
        EXPECT_FALSE(name.empty()) << "a public option has no name; its value is '" << value << "'";
        EXPECT_TRUE(names.insert(name).second) << "the public option '" << name << "' is there twice";
    }
}

void is_the_same_each_time(ProviderKit& kit) {
    expect_equal(kit.info(), ProviderKit::info_of(kit.provider()), "info() asked a second time");
    (void)kit.rows(kit.texts());
    expect_equal(kit.info(), ProviderKit::info_of(kit.provider()), "info() asked after embed()");
}

void is_the_same_from_another_instance(ProviderKit& kit) {
    expect_equal(kit.info(), ProviderKit::info_of(kit.another()), "info() of a second instance");
}

void may_be_asked_by_several_threads(ProviderKit& kit) {
    constexpr std::size_t thread_count = 4;
    std::vector<Call<Result<ProviderInfo>>> calls;
    for (std::size_t i = 0; i < thread_count; ++i) {
        calls.emplace_back("info()", [provider = kit.provider()] { return provider->info({}); });
    }
    for (auto& call : calls)
        expect_equal(kit.info(), value_of(call.result(ample), "info()"), "info() asked by several threads");
}

void a_stop_ends_it(ProviderKit& kit) {
    std::stop_source stop;
    stop.request_stop();
    Call<Result<ProviderInfo>> call(
        "info() with a stop requested",
        [provider = kit.provider(), token = stop.get_token()] { return provider->info(token); });
    (void)call.result(soon);
}

}  // namespace

std::vector<ProviderCase> info_cases() {
    return {
        {"info", "names_a_model_and_a_dimension", names_a_model_and_a_dimension},
        {"info", "endpoints_have_different_names", endpoints_have_different_names},
        {"info", "endpoint_names_hold_no_credentials", endpoint_names_hold_no_credentials},
        {"info", "limits_agree_with_each_other", limits_agree_with_each_other},
        {"info", "semantic_weight_is_a_share", semantic_weight_is_a_share},
        {"info", "public_options_are_named_once", public_options_are_named_once},
        {"info", "is_the_same_each_time", is_the_same_each_time},
        {"info", "is_the_same_from_another_instance", is_the_same_from_another_instance},
        {"info", "may_be_asked_by_several_threads", may_be_asked_by_several_threads},
        {"stop", "info_returns_soon_after_a_stop", a_stop_ends_it},
    };
}

}  // namespace embedq::conformance

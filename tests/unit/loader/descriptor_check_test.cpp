#include "loader/descriptor_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embedq/notifier.h"
#include "embedq/provider.h"
#include "embedq/service.h"
#include "embedq/store.h"

namespace embedq::plugins {
namespace {

using ::testing::HasSubstr;

Result<std::unique_ptr<Provider>> make_nothing(const Options&, Context&) {
    return nullptr;
}
Result<std::unique_ptr<Store>> make_no_store(const Options&, Context&) {
    return nullptr;
}

PluginDescriptor good() {
    PluginDescriptor descriptor{};
    descriptor.struct_size = sizeof(PluginDescriptor);
    descriptor.api = EMBEDQ_API_VERSION;
    descriptor.build_tag = EMBEDQ_BUILD_TAG;
    descriptor.kind = PluginKind::provider;
    descriptor.name = "x";
    descriptor.version = "1";
    descriptor.summary = "s";
    descriptor.make_provider = make_nothing;
    return descriptor;
}

std::string refusal(const PluginDescriptor& descriptor) {
    const auto checked = check_descriptor(descriptor, {PluginKind::provider, "x"}, "/p/f.so");
    if (!checked && checked.error().kind != ErrorKind::misconfigured)
        return "another kind: " + to_string(checked.error());
    return checked ? "" : to_string(checked.error());
}

TEST(Descriptor, AGoodOnePasses) {
    EXPECT_EQ(refusal(good()), "");
}

TEST(Descriptor, OfAnotherSizeApiOrBuildNamesBothSides) {
    auto descriptor = good();
    descriptor.struct_size = 8;
    EXPECT_THAT(refusal(descriptor), HasSubstr("'/p/f.so' has a descriptor of 8 bytes, but this embedq's has " +
                                               std::to_string(sizeof(PluginDescriptor))));
    descriptor = good();
    descriptor.struct_size += 8;
    EXPECT_THAT(refusal(descriptor),
                HasSubstr("has a descriptor of " + std::to_string(sizeof(PluginDescriptor) + 8) + " bytes"));
    descriptor = good();
    descriptor.api = 9;
    EXPECT_THAT(refusal(descriptor), HasSubstr("was built for plugin API 9, but this embedq has API 1"));
    descriptor = good();
    descriptor.build_tag = "cfront-1";
    EXPECT_THAT(refusal(descriptor), HasSubstr("was built as 'cfront-1', but this embedq as '" EMBEDQ_BUILD_TAG "'"));
    descriptor.build_tag = nullptr;
    EXPECT_THAT(refusal(descriptor), HasSubstr("no build tag"));
}

TEST(Descriptor, MustMatchItsFileName) {
    auto descriptor = good();
    descriptor.name = "y";
    EXPECT_THAT(refusal(descriptor), HasSubstr("contains the provider 'y', but its file name names the provider 'x'; "
                                               "name the file libembedq_provider_y.so"));
    descriptor = good();
    descriptor.kind = PluginKind::store;
    EXPECT_THAT(refusal(descriptor), HasSubstr("contains the store 'x'"));
    descriptor = good();
    descriptor.kind = static_cast<PluginKind>(99);
    EXPECT_THAT(refusal(descriptor), HasSubstr("has kind 99, but there are only store (1)"));
    descriptor = good();
    descriptor.summary = nullptr;
    EXPECT_THAT(refusal(descriptor), HasSubstr("name, version or summary"));
}

TEST(Descriptor, HasExactlyTheFactoryOfItsKind) {
    auto descriptor = good();
    descriptor.make_provider = nullptr;
    EXPECT_THAT(refusal(descriptor),
                HasSubstr("is a provider without a factory for one; name the factory in EMBEDQ_PROVIDER(…)"));
    descriptor = good();
    descriptor.make_store = make_no_store;
    EXPECT_THAT(refusal(descriptor), HasSubstr("is a provider, but has a factory for a store"));
}

TEST(Descriptor, HasAValidOptionTable) {
    auto descriptor = good();
    descriptor.option_count = 1;
    EXPECT_THAT(refusal(descriptor), HasSubstr("counts 1 options, but has no option table"));
    const OptionSpec row{.name = "a", .type = OptionType::boolean, .default_value = "maybe"};
    descriptor.options = &row;
    EXPECT_THAT(refusal(descriptor), HasSubstr("faulty option table: option 'a' has the default 'maybe'"));
}

TEST(Symbols, ShowTheApiOfAFile) {
    EXPECT_TRUE(check_symbols("/p/f.so", {"main", "embedq_plugin_v1", "embedq_plugin_v2"}));
    EXPECT_THAT(to_string(check_symbols("/p/f.so", {"embedq_plugin_v2"}).error()),
                HasSubstr("exports embedq_plugin_v2, so it was built for plugin API 2, but this embedq has API 1"));
    EXPECT_THAT(to_string(check_symbols("/p/f.so", {"main"}).error()), HasSubstr("does not export embedq_plugin_v1"));
}

}  // namespace
}  // namespace embedq::plugins

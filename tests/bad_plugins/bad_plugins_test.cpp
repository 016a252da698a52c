// Each bad plugin is refused, or caught when it misbehaves, with a sentence that names both sides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "conformance/test_context.h"
#include "loader/registry.h"

namespace embedq::plugins {
namespace {

namespace fs = std::filesystem;
using conformance::TestContext;
using ::testing::AllOf;
using ::testing::HasSubstr;

fs::path bad(const std::string& name) {
    return fs::path(BAD_PLUGINS_DIR) / ("libembedq_provider_" + name + ".so");
}

std::string refusal_of(const fs::path& file) {
    Registry registry({});
    const auto loaded = registry.load_file(file);
    if (loaded) return "not refused";
    if (loaded.error().kind != ErrorKind::misconfigured) return "another kind: " + loaded.error().message;
    return loaded.error().message;
}

// Every message names the file.
void expect_refused(const std::string& name, const std::string& sentence) {
    EXPECT_THAT(refusal_of(bad(name)), AllOf(HasSubstr("plugin file '" + bad(name).string() + "'"), HasSubstr(sentence)));
}

// A copy of the sound plugin, to be spoilt as a file.
class CopiedPlugin : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "embedq-bad-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = fs::canonical(name);
        file = folder / bad("sound").filename();
        fs::copy_file(bad("sound"), file);
    }
    void TearDown() override { fs::remove_all(folder); }

    fs::path folder;
    fs::path file;
};

TEST(BadPlugins, TheSoundOneLoadsAndWorks) {
    Registry registry({});
    const auto loaded = registry.load_file(bad("sound"));
    ASSERT_TRUE(loaded) << loaded.error().message;
    TestContext context("test");
    const auto provider = make_provider(**loaded, {}, context).value();
    const std::string_view text = "text";
    EXPECT_TRUE(provider->embed({.texts = std::span(&text, 1)}));
}

TEST(BadPlugins, NoSymbol) {
    expect_refused("no_symbol", "does not export embedq_plugin_v1, so it is no embedq plugin");
}

TEST(BadPlugins, NewerApi) {
    expect_refused(
        "newer_api",
        "exports embedq_plugin_v2, so it speaks plugin API 2, but this embedq speaks 1; install the plugin built for this embedq");
}

TEST(BadPlugins, OtherApiNumber) {
    expect_refused("other_api", "says it speaks plugin API 7, but this embedq speaks 1");
}

TEST(BadPlugins, OtherBuildTag) {
    expect_refused("other_build", "was built as 'g++-4 c++=201103 api=1', but this embedq as '" EMBEDQ_BUILD_TAG "'");
}

TEST(BadPlugins, SmallerDescriptor) {
    expect_refused("small_descriptor", "has a descriptor of " + std::to_string(sizeof(PluginDescriptor) - sizeof(void*)) +
                                           " bytes, but this embedq's has " + std::to_string(sizeof(PluginDescriptor)));
}

TEST(BadPlugins, UndefinedSymbol) {
    expect_refused("undefined_symbol", "cannot be loaded: ");
    expect_refused("undefined_symbol", "undefined symbol: function_that_no_library_has; install what is missing");
}

TEST(BadPlugins, NoFactory) {
    expect_refused("no_factory", "is a provider without a factory for one");
}

TEST(BadPlugins, AnotherName) {
    expect_refused("another_name",
                   "holds the provider 'real_name', but its file name says the provider 'another_name'; name the file "
                   "libembedq_provider_real_name.so");
}

TEST(BadPlugins, AnotherKind) {
    expect_refused("another_kind", "holds the notifier 'another_kind', but its file name says the provider 'another_kind'");
}

TEST(BadPlugins, BadOptionTable) {
    expect_refused("bad_options", "option 'timeout' has the default 'soon', but must have a duration such as");
}

TEST(BadPlugins, ThrowingFactory) {
    Registry registry({});
    TestContext context("p");
    const auto made = make_provider(**registry.load_file(bad("throwing_factory")), {}, context);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::internal);
    EXPECT_THAT(made.error().message,
                HasSubstr("provider 'p' (" + bad("throwing_factory").string() + ") threw in its factory: cannot even start"));
}

TEST(BadPlugins, FactoryWithoutInstance) {
    Registry registry({});
    TestContext context("p");
    const auto made = make_provider(**registry.load_file(bad("no_instance")), {}, context);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("made no instance and named no error"));
}

TEST(BadPlugins, ThrowingEmbed) {
    Registry registry({});
    TestContext context("p");
    const auto provider = make_provider(**registry.load_file(bad("throwing_embed")), {}, context).value();
    const std::string_view text = "text";
    const auto answer = provider->embed({.texts = std::span(&text, 1)});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::internal);
    EXPECT_THAT(answer.error().message, HasSubstr("threw in embed: out of luck"));
}

TEST_F(CopiedPlugin, LoadsAsItIs) {
    EXPECT_EQ(refusal_of(file), "not refused");
}

TEST_F(CopiedPlugin, TwiceNamesBothFiles) {
    const auto found = Registry({folder, fs::path(BAD_PLUGINS_DIR)}).discover();
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message,
                AllOf(HasSubstr("provider 'sound' is there twice"), HasSubstr(file.string()), HasSubstr(bad("sound").string())));
}

TEST_F(CopiedPlugin, WritableByOthers) {
    fs::permissions(file, fs::perms(0777));
    EXPECT_THAT(refusal_of(file), HasSubstr("has mode 0777, so everyone may change it"));
    fs::permissions(file, fs::perms(0755));
    fs::permissions(folder, fs::perms(0770));
    EXPECT_THAT(refusal_of(file), HasSubstr("plugin folder '" + folder.string() + "' has mode 0770, so its group may change it"));
}

TEST_F(CopiedPlugin, ALinkIsJudgedByWhatItPointsTo) {
    const fs::path linked = folder / "inside";
    fs::create_directory(linked);
    fs::create_symlink(file, linked / file.filename());
    EXPECT_EQ(refusal_of(linked / file.filename()), "not refused");
    fs::permissions(file, fs::perms(0666));
    EXPECT_THAT(refusal_of(linked / file.filename()), HasSubstr("plugin file '" + file.string() + "' has mode 0666"));
}

TEST_F(CopiedPlugin, NoElfFile) {
    std::ofstream(file, std::ios::trunc) << "#!/bin/sh\necho this is a script, long enough to hold the header of an ELF file\n";
    EXPECT_THAT(refusal_of(file), HasSubstr("is not an ELF file, but must be a shared object built for this machine"));
    fs::resize_file(file, 5);
    EXPECT_THAT(refusal_of(file), HasSubstr("has only 5 bytes"));
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_THAT(refusal_of(file), HasSubstr("is no regular file"));
}

// A copy that was interrupted: the dynamic loader would end the process with SIGBUS.
TEST_F(CopiedPlugin, CutOff) {
    const auto whole = fs::file_size(file);
    for (const std::uintmax_t length : {whole - 1, whole / 2, std::uintmax_t{4096}, std::uintmax_t{64}}) {
        fs::resize_file(file, length);
        EXPECT_THAT(refusal_of(file), HasSubstr("is cut off or damaged")) << length;
    }
}

TEST_F(CopiedPlugin, OfAnotherMachineOrType) {
    const auto overwrite = [&](std::streamoff offset, char byte) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(offset);
        stream.put(byte);
    };
    overwrite(16, 2);  // e_type: ET_EXEC
    EXPECT_THAT(refusal_of(file), HasSubstr("is an ELF file of another type"));
    overwrite(18, 8);  // e_machine: MIPS
    EXPECT_THAT(refusal_of(file), HasSubstr("is for another machine (ELF machine 8, "));
}

}  // namespace
}  // namespace embedq::plugins

// Each bad plugin is refused, or its misbehaviour caught, with a message that names what was found and what was
// expected.
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
    if (loaded.error().kind != ErrorKind::misconfigured) return "another kind: " + to_string(loaded.error());
    return to_string(loaded.error());
}

// Every message names the file.
void expect_refused(const std::string& name, const std::string& message) {
    EXPECT_THAT(refusal_of(bad(name)),
                AllOf(HasSubstr("plugin file '" + bad(name).string() + "'"), HasSubstr(message)));
}

// A copy of the good plugin, whose file the test then damages.
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

TEST(BadPlugins, TheGoodOneLoadsAndWorks) {
    Registry registry({});
    const auto loaded = registry.load_file(bad("sound"));
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    TestContext context("test");
    const auto provider = make_provider(**loaded, {}, context).value();
    const std::string_view text = "text";
    EXPECT_TRUE(provider->embed({.texts = std::span(&text, 1)}));
}

TEST(BadPlugins, NoSymbol) {
    expect_refused("no_symbol", "does not export embedq_plugin_v1, so it is not an embedq plugin");
}

TEST(BadPlugins, NewerApi) {
    expect_refused(
        "newer_api",
        "exports embedq_plugin_v2, so it was built for plugin API 2, but this embedq has API 1; install the plugin "
        "built for this embedq");
}

TEST(BadPlugins, OtherApiNumber) {
    expect_refused("other_api", "was built for plugin API 7, but this embedq has API 1");
}

TEST(BadPlugins, OtherBuildTag) {
    expect_refused("other_build", "was built as 'g++-4 c++=201103 api=1', but this embedq as '" EMBEDQ_BUILD_TAG "'");
}

TEST(BadPlugins, SmallerDescriptor) {
    expect_refused("small_descriptor", "has a descriptor of " +
                                           std::to_string(sizeof(PluginDescriptor) - sizeof(void*)) +
                                           " bytes, but this embedq's has " + std::to_string(sizeof(PluginDescriptor)));
}

TEST(BadPlugins, DescriptorTooSmallForItsTag) {
    expect_refused("tiny_descriptor", "has a descriptor of 4 bytes, but this embedq's has " +
                                          std::to_string(sizeof(PluginDescriptor)) +
                                          "; build the plugin against this embedq's headers");
}

TEST(BadPlugins, SymbolIsAFunction) {
    expect_refused(
        "function_symbol",
        "exports embedq_plugin_v1 as a function, but it must be the descriptor itself, a constant; declare it with");
}

TEST(BadPlugins, SymbolIsTooShort) {
    expect_refused("short_symbol", "exports embedq_plugin_v1 with 8 bytes, but this embedq's descriptor has " +
                                       std::to_string(sizeof(PluginDescriptor)) + "; build the plugin against");
}

TEST(BadPlugins, NoBuildTag) {
    expect_refused("no_tag", "has no build tag; declare it with the macros of embedq/plugin.h");
}

TEST(BadPlugins, BuiltInAnotherLibraryMode) {
    expect_refused("other_library_mode", "glibcxx-debug=1");
    expect_refused("other_library_mode",
                   "but this embedq as '" EMBEDQ_BUILD_TAG "'; build both with the same compiler and settings");
}

// A sanitizer's runtime that is loaded late ends the process, so this plugin is refused before it is loaded.
TEST(BadPlugins, BuiltWithAnotherSanitizer) {
    const std::string_view own = EMBEDQ_TAG_SANITIZER;
    const bool host_has_address = own == " sanitizer=address";
#if defined(__clang__)
    expect_refused("other_sanitizer", host_has_address ? "needs libclang_rt.tsan" : "needs libclang_rt.asan");
#else
    expect_refused("other_sanitizer", host_has_address ? "needs libtsan.so" : "needs libasan.so");
#endif
    expect_refused("other_sanitizer", std::string("so it was built with -fsanitize=") +
                                          (host_has_address ? "thread" : "address") + ", but this embedq with" +
                                          std::string(own) + "; build both with");
}

TEST(BadPlugins, MissingLibrary) {
    expect_refused("missing_library",
                   "cannot be loaded: libembedq_absent.so: cannot open shared object file: No such file or directory; "
                   "install what is missing");
}

TEST(BadPlugins, NoName) {
    expect_refused("no_name", "has no name, version or summary (nullptr); set all three");
}

TEST(BadPlugins, UnknownKind) {
    expect_refused("unknown_kind",
                   "has kind 9, but there are only store (1), provider (2), notifier (3) and service (4); declare");
}

TEST(BadPlugins, SecondFactoryOfAnotherKind) {
    expect_refused("two_factories", "is a provider, but has a factory for a notifier; leave that factory out");
}

TEST(BadPlugins, OptionsWithoutATable) {
    expect_refused(
        "no_table",
        "counts 3 options, but has no option table (nullptr); declare both with the macros of embedq/plugin.h");
}

TEST(BadPlugins, DuplicateOption) {
    expect_refused("option_twice",
                   "has a faulty option table: option 'model' is in the option table more than once; correct that row");
}

TEST(BadPlugins, OptionWithoutAName) {
    expect_refused("nameless_option",
                   "has a faulty option table: row 2 of the option table has no name (nullptr); correct that row");
}

// No exception can leave glibc's dlopen, so the process cannot be saved, but it reports why it ends.
TEST(BadPluginsDeathTest, ThrowsWhenLoaded) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(refusal_of(bad("throws_when_loaded")), ::testing::ExitedWithCode(1),
                "libembedq_provider_throws_when_loaded.so' ends the process while it is loaded: a constructor of a "
                "global object in it "
                "threw: no licence found; do such work in the plugin's factory");
}

TEST(BadPluginsDeathTest, ExitsWhenLoaded) {
    if (std::string_view(EMBEDQ_TAG_SANITIZER) == " sanitizer=thread") {
        GTEST_SKIP() << "ThreadSanitizer ends a process that exits within dlopen with a report of its own";
    }
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(refusal_of(bad("exits_when_loaded")), ::testing::ExitedWithCode(0),
                "libembedq_provider_exits_when_loaded.so' ends the process while it is loaded: a constructor of a "
                "global object in it "
                "called exit\\(\\); do such work");
}

TEST(BadPlugins, UndefinedSymbol) {
    expect_refused("undefined_symbol", "cannot be loaded: ");
    expect_refused("undefined_symbol", "undefined symbol: function_that_no_library_has; install what is missing");
}

TEST(BadPlugins, NoFactory) {
    expect_refused("no_factory", "is a provider without a factory for one");
}

TEST(BadPlugins, AnotherName) {
    expect_refused(
        "another_name",
        "contains the provider 'real_name', but its file name names the provider 'another_name'; name the file "
        "libembedq_provider_real_name.so");
}

TEST(BadPlugins, AnotherKind) {
    expect_refused("another_kind",
                   "contains the notifier 'another_kind', but its file name names the provider 'another_kind'");
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
    EXPECT_THAT(to_string(made.error()),
                HasSubstr("provider 'p' (plugin 'throwing_factory') threw in its factory: cannot even start"));
    EXPECT_EQ(made.error().detail, bad("throwing_factory").string());
}

TEST(BadPlugins, FactoryWithoutInstance) {
    Registry registry({});
    TestContext context("p");
    const auto made = make_provider(**registry.load_file(bad("no_instance")), {}, context);
    ASSERT_FALSE(made);
    EXPECT_THAT(to_string(made.error()), HasSubstr("returned neither an instance nor an error"));
}

TEST(BadPlugins, ThrowingEmbed) {
    Registry registry({});
    TestContext context("p");
    const auto provider = make_provider(**registry.load_file(bad("throwing_embed")), {}, context).value();
    const std::string_view text = "text";
    const auto answer = provider->embed({.texts = std::span(&text, 1)});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::internal);
    EXPECT_THAT(to_string(answer.error()), HasSubstr("threw in embed: out of luck"));
}

TEST_F(CopiedPlugin, LoadsAsItIs) {
    EXPECT_EQ(refusal_of(file), "not refused");
}

TEST_F(CopiedPlugin, DuplicatesNameBothFiles) {
    const auto found = Registry({folder, fs::path(BAD_PLUGINS_DIR)}).discover();
    ASSERT_FALSE(found);
    EXPECT_THAT(to_string(found.error()), AllOf(HasSubstr("provider 'sound' exists twice"), HasSubstr(file.string()),
                                                HasSubstr(bad("sound").string())));
}

// One folder under two names is one folder, and one file under two names is one plugin.
TEST_F(CopiedPlugin, TwoPathsToTheSameFolder) {
    const fs::path other = folder.string() + "-link";
    fs::create_directory_symlink(folder, other);
    Registry registry({folder, other});
    const auto found = registry.discover();
    EXPECT_TRUE(found) << to_string(found.error());
    EXPECT_EQ(registry.files().size(), 1U);
    EXPECT_EQ(*registry.load_file(file), *registry.load_file(other / file.filename()));
    fs::remove(other);
}

TEST_F(CopiedPlugin, WritableByOthers) {
    fs::permissions(file, fs::perms(0777));
    EXPECT_THAT(refusal_of(file), HasSubstr("has mode 0777, so everyone may change it"));
    fs::permissions(file, fs::perms(0755));
    fs::permissions(folder, fs::perms(0770));
    EXPECT_THAT(refusal_of(file),
                HasSubstr("plugin folder '" + folder.string() + "' has mode 0770, so its group may change it"));
}

TEST_F(CopiedPlugin, TheTargetOfALinkIsChecked) {
    const fs::path linked = folder / "inside";
    fs::create_directory(linked);
    fs::create_symlink(file, linked / file.filename());
    EXPECT_EQ(refusal_of(linked / file.filename()), "not refused");
    fs::permissions(file, fs::perms(0666));
    EXPECT_THAT(refusal_of(linked / file.filename()), HasSubstr("plugin file '" + file.string() + "' has mode 0666"));
}

TEST_F(CopiedPlugin, NotAnElfFile) {
    std::ofstream(file, std::ios::trunc)
        << "#!/bin/sh\necho this is a script, long enough to hold the header of an ELF file\n";
    EXPECT_THAT(refusal_of(file), HasSubstr("is not an ELF file, but must be a shared object built for this machine"));
    fs::resize_file(file, 5);
    EXPECT_THAT(refusal_of(file), HasSubstr("has only 5 bytes"));
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_THAT(refusal_of(file), HasSubstr("is not a regular file"));
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
    overwrite(4, 1);  // EI_CLASS: ELFCLASS32
    EXPECT_THAT(refusal_of(file),
                HasSubstr("is a 32-bit ELF file, but must be a shared object built for this machine"));
}

}  // namespace
}  // namespace embedq::plugins

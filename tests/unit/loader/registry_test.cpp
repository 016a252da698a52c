// The registry with the plugins of the build tree, and with folders made by the tests.
#include "loader/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "conformance/test_context.h"
#include "loader/names.h"

namespace embedq::plugins {
namespace {

namespace fs = std::filesystem;
using conformance::TestContext;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const fs::path built_plugins = fs::path(EMBEDQ_BINARY_DIR) / "lib/embedq/plugins";

// A folder that is removed after the test.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "embedq-registry-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = fs::canonical(name);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const fs::path& path() const { return path_; }
    fs::path add(const std::string& name) const {
        std::ofstream(path_ / name) << "x";
        fs::permissions(path_ / name, fs::perms(0644));
        return path_ / name;
    }

private:
    fs::path path_;
};

TEST(Registry, LoadsEveryPluginOfTheBuildTree) {
    Registry registry({built_plugins});
    const auto found = registry.discover();
    ASSERT_TRUE(found) << to_string(found.error());
    std::set<std::string> names;
    for (const PluginFile& file : registry.files()) {
        const auto loaded = registry.load(file.kind, file.name);
        ASSERT_TRUE(loaded) << to_string(loaded.error());
        EXPECT_EQ((*loaded)->descriptor->name, file.name);
        EXPECT_EQ((*loaded)->path, file.path);
        names.insert(file_name_of(file.kind, file.name));
    }
    EXPECT_THAT(names, ::testing::IsSupersetOf({"libembedq_notifier_local.so", "libembedq_notifier_poll.so",
                                                "libembedq_provider_simulated.so"}));
}

TEST(Registry, AListedFolderTakesPrecedenceOverTheProgramsOwn) {
    const Folder listed;
    const Folder own;
    const fs::path mine = listed.add("libembedq_store_acme.so");
    own.add("libembedq_store_acme.so");
    const fs::path other = own.add("libembedq_store_other.so");
    Registry registry({listed.path()}, own.path());
    ASSERT_TRUE(registry.discover());
    ASSERT_EQ(registry.files().size(), 2);
    EXPECT_EQ(registry.files()[0].path, mine);
    EXPECT_EQ(registry.files()[1].path, other);
    EXPECT_THAT(to_string(registry.load(PluginKind::store, "nowhere").error()), HasSubstr(own.path().string()));
}

TEST(Registry, TheOwnFolderMayBeListedToo) {
    const Folder own;
    own.add("libembedq_store_acme.so");
    Registry registry({own.path()}, own.path());
    ASSERT_TRUE(registry.discover());
    EXPECT_EQ(registry.files().size(), 1);
}

TEST(Registry, LoadsOnce) {
    Registry registry({built_plugins});
    ASSERT_TRUE(registry.discover());
    const auto once = registry.load(PluginKind::provider, "simulated");
    const auto again = registry.load_file(built_plugins / "libembedq_provider_simulated.so");
    ASSERT_TRUE(once && again);
    EXPECT_EQ(*once, *again);
}

TEST(Registry, TwoInstancesOfOnePluginAreIndependent) {
    Registry registry({built_plugins});
    ASSERT_TRUE(registry.discover());
    const LoadedPlugin& plugin = **registry.load(PluginKind::provider, "simulated");
    const auto options = [](std::int64_t dimension) {
        Options values;
        values.set("latency", 0ms);
        values.set("latency_per_input", 0ms);
        values.set("model", std::string("simulated"));
        values.set("digest", std::string("1"));
        values.set("state_file", std::string());
        values.set("dimension", dimension);
        values.set("max_inputs", std::int64_t{0});
        values.set("concurrency", std::int64_t{0});
        values.set("seed", std::int64_t{1});
        values.set("document_prefix", std::string());
        values.set("query_prefix", std::string());
        values.set("faults", std::vector<std::string>{"fail calls=2"});
        return values;
    };
    TestContext context("test");
    const auto one = make_provider(plugin, options(3), context).value();
    auto other = make_provider(plugin, options(5), context).value();
    const std::string_view text = "text";
    const EmbedRequest request{.texts = std::span(&text, 1)};
    EXPECT_EQ(one->embed(request)->matrix.size(), 3U);
    EXPECT_EQ(other->embed(request)->matrix.size(), 5U) << "the first call of this instance";
    EXPECT_EQ(one->embed(request).error().kind, ErrorKind::unavailable);
    other.reset();
    EXPECT_TRUE(one->embed(request));
}

TEST(Registry, FactoriesReportInvalidOptions) {
    Registry registry({built_plugins});
    ASSERT_TRUE(registry.discover());
    TestContext context("sim");
    Options values;
    values.set("concurrency", std::int64_t{0});
    values.set("faults", std::vector<std::string>{"explode"});
    const auto made = make_provider(**registry.load(PluginKind::provider, "simulated"), values, context);
    ASSERT_FALSE(made);
    EXPECT_THAT(to_string(made.error()), HasSubstr("fault 'explode': the action is 'explode', expected throttle, "));
    // An option of the table without a value is a bug of the host: the accessor throws in the plugin, and the wrapper
    // catches it.
    const auto thrown = make_provider(**registry.load(PluginKind::provider, "simulated"), {}, context);
    ASSERT_FALSE(thrown);
    EXPECT_EQ(thrown.error().kind, ErrorKind::internal);
    EXPECT_THAT(to_string(thrown.error()), HasSubstr("threw in its factory: option 'concurrency' has no value"));
}

TEST(Registry, AnUnknownNameIsAnsweredWithTheNearestAndTheFolders) {
    Registry registry({built_plugins});
    ASSERT_TRUE(registry.discover());
    const auto slip = registry.load(PluginKind::provider, "simulatd");
    ASSERT_FALSE(slip);
    EXPECT_EQ(slip.error().kind, ErrorKind::not_found);
    EXPECT_EQ(to_string(slip.error()), "no provider plugin 'simulatd' (file libembedq_provider_simulatd.so) in " +
                                           built_plugins.string() + "; did you mean 'simulated'?");
    EXPECT_THAT(to_string(registry.load(PluginKind::store, "simulated").error()),
                HasSubstr("; there is a provider of that name"));
    EXPECT_THAT(to_string(registry.load(PluginKind::notifier, "carrier_pigeon").error()),
                HasSubstr("; there are: local, poll"));
    Registry nowhere({});
    EXPECT_THAT(to_string(nowhere.load(PluginKind::store, "x").error()),
                HasSubstr("in any folder, since plugins.paths is empty; there is no store plugin at all"));
}

TEST(Registry, OtherFilesAreIgnored) {
    const Folder folder;
    folder.add("README");
    folder.add("libembedq_robot_x.so");
    Registry registry({folder.path()});
    EXPECT_TRUE(registry.discover());
    EXPECT_TRUE(registry.files().empty());
}

TEST(Registry, FoldersAreListedInOrderAndOnce) {
    const Folder first;
    const Folder second;
    first.add("libembedq_store_z.so");
    second.add("libembedq_store_b.so");
    second.add("libembedq_store_a.so");
    Registry registry({first.path(), second.path(), first.path() / "."});
    ASSERT_TRUE(registry.discover());
    ASSERT_TRUE(registry.discover()) << "again";
    std::vector<std::string> names;
    for (const PluginFile& file : registry.files()) names.push_back(file.name);
    EXPECT_EQ(names, (std::vector<std::string>{"z", "a", "b"}));
}

TEST(Registry, ADuplicateNameReportsBothFiles) {
    const Folder first;
    const Folder second;
    const fs::path one = first.add("libembedq_store_x.so");
    const fs::path other = second.add("libembedq_store_x.so");
    second.add("libembedq_provider_x.so");
    Registry registry({first.path(), second.path()});
    const auto found = registry.discover();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(to_string(found.error()), "store 'x' exists twice, as '" + one.string() + "' and as '" + other.string() +
                                            "'; remove one of the two files");
}

TEST(Registry, AMissingFolderIsNamed) {
    const Folder folder;
    const fs::path file = folder.add("file");
    EXPECT_THAT(to_string(Registry({folder.path() / "no"}).discover().error()),
                HasSubstr("no' does not exist; create it"));
    EXPECT_THAT(to_string(Registry({file}).discover().error()), HasSubstr("file' is not a folder"));
}

TEST(Registry, FoldersAndFilesThatOthersMayWriteAreRefused) {
    const Folder folder;
    const fs::path file = folder.add("libembedq_store_x.so");
    const auto refusal = [&](const fs::path& path, unsigned mode) {
        const auto before = fs::status(path).permissions();
        fs::permissions(path, fs::perms(mode));
        const auto found = Registry({folder.path()}).discover();
        fs::permissions(path, before);
        return found ? std::string() : to_string(found.error());
    };
    EXPECT_EQ(refusal(file, 0644), "");
    EXPECT_EQ(refusal(file, 0666),
              "plugin file '" + file.string() +
                  "' has mode 0666, so everyone may change it, but only its owner may; run: chmod go-w '" +
                  file.string() + "'");
    EXPECT_THAT(refusal(file, 0664), HasSubstr("so its group may change it"));
    EXPECT_THAT(refusal(folder.path(), 0777),
                HasSubstr("plugin folder '" + folder.path().string() + "' has mode 0777"));
}

TEST(Registry, FilesOfOtherUsersAreRefused) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
    const Folder folder;
    const fs::path file = folder.add("libembedq_store_x.so");
    ASSERT_EQ(::chown(file.c_str(), 12345, 0), 0);
    EXPECT_THAT(to_string(Registry({folder.path()}).discover().error()),
                HasSubstr("belongs to user 12345, but must belong to root or to user 0"));
}

TEST(Registry, AFileOfAnotherNameIsNotLoaded) {
    const Folder folder;
    EXPECT_EQ(Registry({}).load_file(folder.path() / "libembedq_store_x.so").error().kind, ErrorKind::not_found);
    EXPECT_THAT(to_string(Registry({}).load_file(folder.add("plugin.so")).error()),
                HasSubstr("must be named libembedq_<kind>_<name>.so"));
}

}  // namespace
}  // namespace embedq::plugins

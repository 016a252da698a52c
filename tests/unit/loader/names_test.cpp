#include "loader/names.h"

#include <gtest/gtest.h>

#include <array>

namespace embedq::plugins {
namespace {

TEST(FileNames, AreReadAndWritten) {
    const auto name = parse_file_name("libembedq_notifier_postgres_listen.so");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->kind, PluginKind::notifier);
    EXPECT_EQ(name->name, "postgres_listen");
    EXPECT_EQ(file_name_of(name->kind, name->name), "libembedq_notifier_postgres_listen.so");
}

TEST(FileNames, OtherFormsAreNotPlugins) {
    for (const char* other : {"libembedq_provider_.so", "libembedq_.so", "libembedq_so", "libembedq_.s",
                              "embedq_provider_x.so", "libembedq_robot_x.so", "libembedq_provider_X.so",
                              "libembedq_provider_x.so.1", "libembedq_provider_x", "libembedq_provider_9.so", ""}) {
        EXPECT_FALSE(parse_file_name(other)) << other;
    }
}

}  // namespace
}  // namespace embedq::plugins

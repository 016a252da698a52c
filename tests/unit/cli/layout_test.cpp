#include "cli/layout.h"

#include <gtest/gtest.h>

namespace embedq::cli {
namespace {

TEST(Layout, IsRelativeToTheProgram) {
    const Layout layout = layout_of("/opt/embedq/bin/embedq");
    EXPECT_EQ(layout.prefix, "/opt/embedq");
    EXPECT_EQ(layout.plugins, "/opt/embedq/lib/embedq/plugins");
    EXPECT_EQ(layout.templates, "/opt/embedq/share/embedq/template");
    EXPECT_EQ(layout.package, "/opt/embedq/lib/cmake/embedq");
    EXPECT_EQ(layout.conformance, "/opt/embedq/bin/embedq-conformance");
}

TEST(Layout, OfThisProcessIsAroundItsFile) {
    EXPECT_EQ(own_layout().prefix, EMBEDQ_BINARY_DIR);
}

}  // namespace
}  // namespace embedq::cli

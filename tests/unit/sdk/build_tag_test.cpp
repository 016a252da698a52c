// The tag that the package compares projects with is that of the compiler, which the loader compares plugins with.
#include <gtest/gtest.h>

#include "embedq/plugin.h"

TEST(BuildTag, TheConfiguredTagIsTheCompiledOne) {
    EXPECT_STREQ(EMBEDQ_CONFIGURED_TAG, EMBEDQ_BUILD_TAG);
}

// The tag that the package compares projects by is the one that the compiler gives, and so the loader's.
#include <gtest/gtest.h>

#include "embedq/plugin.h"

TEST(BuildTag, TheConfiguredOneIsTheCompiledOne) {
    EXPECT_STREQ(EMBEDQ_CONFIGURED_TAG, EMBEDQ_BUILD_TAG);
}

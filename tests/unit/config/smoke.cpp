#include <gtest/gtest.h>
#include "config/configuration.h"
TEST(Smoke, Links) { EXPECT_FALSE(embedq::config::embedded_default().name().empty()); }

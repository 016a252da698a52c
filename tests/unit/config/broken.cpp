#include "broken.h"

namespace embedq::config::testing {

TEST_P(Broken, IsAnsweredExactly) {
    const auto loaded = load_text(GetParam().yaml);
    EXPECT_FALSE(loaded);
    EXPECT_EQ(said(loaded), GetParam().said);
}

}  // namespace embedq::config::testing

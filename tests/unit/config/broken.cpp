#include "broken.h"

namespace embedq::config::testing {

TEST_P(Broken, GetsExactlyTheseDiagnostics) {
    const auto loaded = load_text(GetParam().yaml);
    EXPECT_FALSE(loaded);
    EXPECT_EQ(diagnostics(loaded), GetParam().diagnostics);
}

}  // namespace embedq::config::testing

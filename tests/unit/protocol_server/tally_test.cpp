#include "protocol_server/tally.h"

#include <gmock/gmock.h>

namespace protocol_server {
namespace {

using testing::HasSubstr;

TEST(Tally, TheFullestWindowSlides) {
    Tally tally;
    for (const std::int64_t at : {0, 900, 1000, 1100, 1899, 1900, 5000})
        tally.calls.push_back({.at = at, .inputs = 2, .status = 200});
    tally.calls[3].status = 429;
    EXPECT_EQ(tally.most_within(1000, false), 4U);  // 900 to 1899; 1900 is beyond a window that begins at 900
    EXPECT_EQ(tally.most_within(1000, true), 3U);
    EXPECT_EQ(tally.inputs(), 14U);
    EXPECT_EQ(tally.refused(), 1U);
}

TEST(Tally, IsWrittenAsJson) {
    Tally tally;
    tally.calls.push_back({.at = 5, .route = "/api/embed", .inputs = 1, .texts = {"a \"quoted\"\ntext"}});
    tally.other_routes = {"GET /api/tags"};
    EXPECT_THAT(tally.json(), HasSubstr(R"("calls":1,"inputs":1)"));
    EXPECT_THAT(tally.json(), HasSubstr(R"("texts":["a \"quoted\"\u000atext"])"));
    EXPECT_THAT(tally.json(), HasSubstr(R"("others":["GET /api/tags"]})"));
}

}  // namespace
}  // namespace protocol_server

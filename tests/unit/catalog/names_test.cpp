// Catalog ids and spec names.
#include "catalog/names.h"

#include "embedq/support/ids.h"
#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::HasSubstr;

TEST(Names, ChecksCatalogIds) {
    for (const std::string& good :
         {std::string("a"), std::string("0"), std::string("a-b"), std::string("a--b"), std::string(100, 'x')}) {
        EXPECT_TRUE(check_catalog_id(good)) << good;
    }
    const auto message = [](std::string_view id) {
        const auto status = check_catalog_id(id);
        EXPECT_FALSE(status) << id;
        if (status) return std::string();
        EXPECT_EQ(status.error().kind, ErrorKind::invalid_argument);
        return to_string(status.error());
    };
    EXPECT_THAT(message(""), HasSubstr("empty"));
    EXPECT_THAT(message(std::string(101, 'x')), HasSubstr("101 bytes long, but at most 100"));
    EXPECT_THAT(message("My"), HasSubstr("has \"M\" at position 1"));
    EXPECT_THAT(message("a_b"), HasSubstr("\"_\" at position 2"));
    EXPECT_THAT(message("aé"), HasSubstr("\"é\" at position 2"));
    EXPECT_THAT(message("a\n"), HasSubstr("byte 0x0a"));
    EXPECT_THAT(message("-a"), HasSubstr("begins or ends"));
    EXPECT_THAT(message("a-"), HasSubstr("begins or ends"));
}

TEST(Names, ChecksSpecNames) {
    for (const std::string& good :
         {std::string("a"), std::string("._-"), std::string("api.v1_x-y"), std::string(200, 'x')}) {
        EXPECT_TRUE(check_spec_name(good)) << good;
    }
    for (const std::string& bad :
         {std::string(), std::string("A"), std::string("a/b"), std::string("a b"), std::string(201, 'x')}) {
        EXPECT_FALSE(check_spec_name(bad)) << bad;
    }
}

TEST(Names, MakesASpecNameFromAPath) {
    EXPECT_EQ(spec_name_from_path("petstore.json"), "petstore");
    EXPECT_EQ(spec_name_from_path("github.com/api.github.com.json"), "github.com.api.github.com");
    EXPECT_EQ(spec_name_from_path("./My  API (v2).YAML"), "my-api-v2");
    EXPECT_EQ(spec_name_from_path("a_b/c.yml"), "a_b.c");
    EXPECT_EQ(spec_name_from_path("no_extension"), "no_extension");
    EXPECT_EQ(spec_name_from_path("../x.json"), "x");
    EXPECT_EQ(spec_name_from_path("a-/-b"), "a.b");
}

TEST(Names, MakesAValidNameFromAnyPath) {
    for (const std::string& path :
         {std::string(), std::string("///"), std::string(".json"), std::string("Ünï/çødé.json"),
          std::string("\xff\x00", 2), std::string(5000, 'y') + ".json", std::string("漢字.yaml")}) {
        const auto name = spec_name_from_path(path);
        EXPECT_TRUE(check_spec_name(name)) << name;
        EXPECT_EQ(name, spec_name_from_path(path));
    }
    EXPECT_NE(spec_name_from_path("漢字.yaml"), spec_name_from_path("漢.yaml"));
    const auto one = spec_name_from_path(std::string(300, 'y') + "1");
    EXPECT_EQ(one.size(), 200U);
    EXPECT_NE(one, spec_name_from_path(std::string(300, 'y') + "2"));
    EXPECT_TRUE(check_spec_name(with_path_suffix(one, "other")));
    EXPECT_NE(with_path_suffix("a", "x"), with_path_suffix("a", "y"));
}

}  // namespace
}  // namespace embedq::catalog::test

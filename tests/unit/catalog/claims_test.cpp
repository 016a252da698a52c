// Which broken texts say that they are API documents.
#include "catalog/claims.h"

#include <gtest/gtest.h>

#include <string>

namespace embedq::catalog {
namespace {

TEST(Claims, of_documents_in_any_form) {
    for (const std::string text : {"openapi: 3.0.0\ninfo: [", "swagger : '2.0'\npaths", "{\"openapi\": \"3",
                                   "{openapi: 3", "\xef\xbb\xbf# comment\n%YAML 1.2\n---\n\"openapi\": 3",
                                   "--- 'swagger': 2\n\tx", "{\n \"info\": {\"title\": \"}{\\\"\"},\n 'swagger' : 2",
                                   "info: {\nopenapi: 3.1.0", "  info: x\n  openapi: 3\n bad"}) {
        EXPECT_TRUE(claims_to_be_document(text)) << text;
    }
}

TEST(Claims, are_not_made_by_other_texts) {
    for (const std::string text :
         {"", "{}", "{\"dependencies\": {\"openapi\": \"1\"}}", "{\"name\": \"openapi\"}", "{\"a\": \"openapi\", \"b",
          "name: openapi\n", "tools:\n  openapi: 3\n", "openapi", "openapi-generator: 7\n", "# openapi: 3.0.0\n",
          "[\"openapi\", 1]", "- openapi: 3\n", "{\"text\": \"{\\\"openapi\\\": 3}\"", "{\"a\": [\"openapi\", 3]}"}) {
        EXPECT_FALSE(claims_to_be_document(text)) << text;
    }
}

}  // namespace
}  // namespace embedq::catalog

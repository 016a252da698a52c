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

TEST(Claims, of_documents_with_what_cannot_be_seen) {
    const std::string zeros = [] {
        std::string text;
        for (const char c : std::string_view("info: x\nopenapi: 3.0.0\n")) text += {c, '\0'};
        return text;
    }();
    for (const std::string& text :
         {std::string("\u200bopenapi: 3.0.0\n"), std::string("\ufeff\ufeffopenapi: 3"),
          std::string("# a\n\ufeffopenapi: 3"), std::string("open\u00adapi: 3"), std::string("\u00a0swagger: '2.0'"),
          std::string("\u200b{\"openapi\": 3}"), std::string("{\u2060\"openapi\"\u200b: 3}"),
          std::string("info: x\ropenapi: 3\r"), zeros, "\xff\xfe" + zeros, "\xfe\xff" + std::string(1, '\0') + zeros}) {
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

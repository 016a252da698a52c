// Helpers shared by the catalog's tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/document.h"
#include "embedq/catalog.h"

namespace embedq::catalog::test {

// The document, or a failed test that shows the error.
inline Document parsed(std::string_view content, const Limits& limits = {}) {
    auto document = parse_document(content, limits);
    if (!document) ADD_FAILURE() << to_string(document.error()) << "\nin: " << content.substr(0, 500);
    return document ? std::move(*document) : Document{};
}

// The error's message; a test fails if there is no error, or one of another kind.
inline std::string refusal(std::string_view content, const Limits& limits = {}) {
    const auto document = parse_document(content, limits);
    if (document) {
        ADD_FAILURE() << "this was accepted as a document: " << content.substr(0, 500);
        return {};
    }
    EXPECT_EQ(document.error().kind, ErrorKind::invalid_argument);
    return to_string(document.error());
}

inline std::string with_paths(std::string_view paths) {
    return R"({"openapi":"3.0.1","info":{"title":"t","version":"1"},"paths":)" + std::string(paths) + "}";
}

inline Operation only_operation(std::string_view content, const Limits& limits = {}) {
    auto document = parsed(content, limits);
    EXPECT_EQ(document.operations.size(), 1U);
    return document.operations.empty() ? Operation{} : document.operations.front();
}

inline std::vector<std::string> ids(const Document& document) {
    std::vector<std::string> all;
    for (const auto& operation : document.operations) all.push_back(operation.operation_id);
    return all;
}

}  // namespace embedq::catalog::test

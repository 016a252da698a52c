// Helpers that decode answers and check the result.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "http/decode.h"

namespace embedq::http {

inline std::string encode_base64(std::string_view bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            text += i + j <= bytes.size() ? alphabet[group >> (18U - 6U * j) & 63U] : '=';
    }
    return text;
}

inline std::string encode_floats(const std::vector<float>& values) {
    std::string bytes(values.size() * sizeof(float), '\0');
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return encode_base64(bytes);
}

inline EmbeddingAnswer decoded(std::string body, std::size_t texts, std::size_t dimension = 0) {
    auto answer = decode_embeddings(std::move(body), {.texts = texts, .dimension = dimension});
    if (answer) return std::move(*answer);
    ADD_FAILURE() << to_string(answer.error()) << "\n" << answer.error().detail;
    return {};
}

// The error of the first text in an answer whose second row, [3, 4], is valid.
inline Error error_of_first(std::string body, std::size_t dimension = 2) {
    const auto answer = decoded(std::move(body), 2, dimension);
    const auto& result = answer.result;
    EXPECT_EQ(result.dimension, 2U);
    EXPECT_THAT(std::vector(result.matrix.end() - 2, result.matrix.end()), testing::ElementsAre(3, 4));
    if (result.errors.size() != 1 || result.errors.front().index != 0) {
        ADD_FAILURE() << "expected an error for the first text only";
        return {};
    }
    return result.errors.front().error;
}

inline Error refused(std::string body, std::size_t texts, std::size_t dimension = 0) {
    auto answer = decode_embeddings(std::move(body), {.texts = texts, .dimension = dimension});
    if (!answer) return std::move(answer.error());
    ADD_FAILURE() << "was decoded";
    return {};
}

}  // namespace embedq::http

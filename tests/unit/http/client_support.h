// Helpers for tests of the client.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "http/client.h"
#include "unit/http/scripted_server.h"

namespace embedq::http {

// Generous, since sanitizers and a busy machine slow everything. Without the tested behaviour, calls would not return.
inline constexpr std::chrono::seconds prompt{2};

inline std::unique_ptr<Client> make(ClientOptions options = {}) {
    if (options.proxy.empty()) options.proxy = "none";
    auto client = Client::make(std::move(options));
    EXPECT_TRUE(client.has_value()) << to_string(client.error());
    return client ? std::move(*client) : nullptr;
}

inline Request post(const std::string& url, std::string body = "{}") {
    return {.url = url, .body = std::move(body)};
}

// Answers each request of each connection.
inline ScriptedServer::Script always(std::string bytes) {
    return [bytes](Connection& connection) {
        while (!connection.read_request().empty()) {
            if (!connection.write(bytes)) return;
        }
    };
}

}  // namespace embedq::http

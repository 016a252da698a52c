// A server on loopback that answers each connection with the next of its prepared answers, for behaviour that a real
// server does not show.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace embedq::fetch::testing {

class LocalServer {
public:
    // An answer that ends in "…" is left unfinished: the connection stays open until the client closes it.
    explicit LocalServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
        EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    ~LocalServer() {
        thread_.request_stop();
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;

    [[nodiscard]] std::string url(const std::string& path = "/api.json", const std::string& host = "127.0.0.1") const {
        return "http://" + host + ":" + std::to_string(port_) + path;
    }
    [[nodiscard]] int port() const { return port_; }
    // The request headers received so far.
    [[nodiscard]] std::vector<std::string> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

private:
    void serve(const std::stop_token& stop) {
        for (std::size_t i = 0; !stop.stop_requested(); ++i) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            std::string request;
            char block[4096];
            while (request.find("\r\n\r\n") == std::string::npos) {
                const auto got = ::recv(client, block, sizeof block, 0);
                if (got <= 0) break;
                request.append(block, static_cast<std::size_t>(got));
            }
            {
                const std::scoped_lock lock(mutex_);
                requests_.push_back(request);
            }
            std::string answer =
                i < answers_.size() ? answers_[i] : "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            const bool unfinished = answer.ends_with("…");
            if (unfinished) answer.resize(answer.size() - std::string_view("…").size());
            (void)!::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
            if (unfinished) (void)::recv(client, block, sizeof block, 0);
            ::close(client);
        }
    }

    std::vector<std::string> answers_;
    int listener_ = -1;
    int port_ = 0;
    std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    std::jthread thread_;
};

inline std::string answer(const std::string& status, const std::string& headers, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
}

}  // namespace embedq::fetch::testing

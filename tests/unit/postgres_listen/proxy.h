// A proxy between a notifier and its server that simulates a failing network: it silently stops forwarding, or drops a
// single statement.
//
// Thread-safety: all members may be called from any thread.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <list>
#include <stdexcept>
#include <string>
#include <thread>

namespace embedq::notifiers {

class Proxy {
public:
    explicit Proxy(int server_port)
        : server_port_(server_port), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listening_, 16) != 0 ||
            ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("the proxy cannot listen");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    ~Proxy() {
        thread_.request_stop();
        thread_.join();
        for (const Pair& pair : pairs_) close(pair);
        ::close(listening_);
    }
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    [[nodiscard]] int port() const { return port_; }
    // From now on nothing is forwarded for the existing sessions, in either direction, while their sockets stay open.
    void freeze() { frozen_ = connected_.load(); }
    // Replaces the next LISTEN with a harmless statement.
    void drop_next_listen() { lose_listen_ = true; }
    [[nodiscard]] int connected() const { return connected_; }

private:
    struct Pair {
        int client;
        int server;
        int number;
    };

    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        return address;
    }
    static void close(const Pair& pair) {
        ::close(pair.client);
        ::close(pair.server);
    }

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::vector<pollfd> polled = {{listening_, POLLIN, 0}};
            for (const Pair& pair : pairs_) {
                const short events = pair.number <= frozen_ ? 0 : POLLIN;
                polled.push_back({events == 0 ? -1 : pair.client, events, 0});
                polled.push_back({events == 0 ? -1 : pair.server, events, 0});
            }
            (void)::poll(polled.data(), polled.size(), 10);
            std::size_t i = 1;
            for (auto pair = pairs_.begin(); pair != pairs_.end(); i += 2) {
                const bool alive = (polled[i].revents == 0 || pass(pair->client, pair->server, true)) &&
                                   (polled[i + 1].revents == 0 || pass(pair->server, pair->client, false));
                if (!alive) close(*pair);
                pair = alive ? std::next(pair) : pairs_.erase(pair);
            }
            if (polled[0].revents != 0) accept();
        }
    }

    void accept() {
        const int client = ::accept(listening_, nullptr, nullptr);
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(server_port_);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            close({client, server, 0});
            return;
        }
        pairs_.push_back({client, server, ++connected_});
    }

    bool pass(int from, int to, bool to_server) {
        std::array<char, 16384> buffer{};
        const ssize_t got = ::read(from, buffer.data(), buffer.size());
        if (got <= 0) return false;
        std::string bytes(buffer.data(), static_cast<std::size_t>(got));
        const std::size_t listen = to_server ? bytes.find("LISTEN") : std::string::npos;
        if (listen != std::string::npos && lose_listen_.exchange(false)) {
            const std::size_t end = bytes.find('\0', listen);
            const std::string harmless = "SELECT 1";
            bytes.replace(listen, end - listen, harmless + std::string(end - listen - harmless.size(), ' '));
        }
        return ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    }

    const int server_port_;
    const int listening_;
    int port_ = 0;
    std::atomic<int> connected_ = 0;
    std::atomic<int> frozen_ = 0;
    std::atomic<bool> lose_listen_ = false;
    std::list<Pair> pairs_;  // used by the thread alone
    std::jthread thread_;
};

}  // namespace embedq::notifiers

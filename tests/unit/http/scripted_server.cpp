#include "unit/http/scripted_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace embedq::http {
namespace {

std::size_t content_length(std::string head) {
    std::ranges::transform(head, head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = head.find("content-length: ");
    if (at == std::string::npos) return 0;
    std::size_t length = 0;
    std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
    return length;
}

int listening(int family, const sockaddr* address, socklen_t size) {
    const int listener = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || ::bind(listener, address, size) != 0 || ::listen(listener, 64) != 0) {
        throw std::runtime_error(std::string("no listening socket: ") + std::strerror(errno));
    }
    return listener;
}

}  // namespace

Connection::~Connection() {
    close();
}

void Connection::close() {
    // The server closes the socket itself, since it may still need to shut it down.
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    socket_ = -1;
}

std::string Connection::read_request() {
    std::array<char, 65536> buffer;
    while (true) {
        if (const auto end = rest_.find("\r\n\r\n"); end != std::string::npos) {
            const std::size_t size = end + 4 + content_length(rest_.substr(0, end + 4));
            if (rest_.size() >= size) {
                std::string request = rest_.substr(0, size);
                rest_.erase(0, size);
                return request;
            }
        }
        const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (got <= 0) return {};
        rest_.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

bool Connection::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Connection::wait_until_closed() {
    std::array<char, 4096> buffer;
    while (::recv(socket_, buffer.data(), buffer.size(), 0) > 0) {
    }
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener_ = listening(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
}

ScriptedServer::ScriptedServer(Script script, const std::string& unix_socket) : script_(std::move(script)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    unix_socket.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = listening(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    acceptor_ = std::jthread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
        const std::scoped_lock lock(mutex_);
        for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
}

std::string ScriptedServer::url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void ScriptedServer::accept_all() {
    while (true) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        const std::scoped_lock lock(mutex_);
        sockets_.push_back(socket);
        threads_.emplace_back([this, socket, number = connections_++] {
            Connection connection(socket, number);
            script_(connection);
        });
    }
}

std::string answer(std::string_view body, std::string_view status, std::string_view headers) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace embedq::http

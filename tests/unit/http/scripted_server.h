// A server of raw bytes: a test decides for each connection what is read and written, so that it can break every rule
// of HTTP.
//
// Thread-safety: the script runs on a thread of its own for each connection; the counters may be read from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace embedq::http {

class Connection {
public:
    explicit Connection(int socket, int number) : number_(number), socket_(socket) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The next complete request, head and body (by its Content-Length); empty when the client closed the connection.
    std::string read_request();
    // False when the client closed the connection.
    bool write(std::string_view bytes);
    // Waits until the client closes its side.
    void wait_until_closed();
    void close();
    [[nodiscard]] int number() const { return number_; }  // from 0, in the order they were accepted

private:
    const int number_;
    int socket_;
    std::string rest_;
};

class ScriptedServer {
public:
    using Script = std::function<void(Connection&)>;

    explicit ScriptedServer(Script script);                         // on a free port of 127.0.0.1
    ScriptedServer(Script script, const std::string& unix_socket);  // on a socket file
    ~ScriptedServer();                                              // closes all connections
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view path = "/") const;
    [[nodiscard]] int connections() const { return connections_; }

private:
    void accept_all();

    const Script script_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<int> connections_ = 0;

    std::mutex mutex_;
    std::vector<int> sockets_;           // guarded by mutex_
    std::vector<std::jthread> threads_;  // guarded by mutex_
    std::jthread acceptor_;
};

// A complete answer with the body's length.
std::string answer(std::string_view body, std::string_view status = "200 OK", std::string_view headers = "");

}  // namespace embedq::http

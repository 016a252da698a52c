// A scripted server of embedding protocols on a loopback port, for tests and measurements; see script.h.
//
// The script may be changed while the server runs, here or over HTTP:
//   POST /control         a YAML script, applied to the current one
//   POST /control/reset   clears calls and rate windows
//   GET  /control/calls   the requests so far, as JSON (tally.h)
// Times are exact: a request that waited begins when the one before it was due to end, even if the machine is busy and
// handles it later.
//
// Thread-safety: all members may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tally.h"

namespace protocol_server {

class ProtocolServer {
public:
    // Listens and serves on a thread of its own. Port 0: a free one. Throws std::runtime_error for an invalid script or
    // a port that is in use.
    explicit ProtocolServer(std::string_view script, std::uint16_t port = 0);
    ~ProtocolServer();
    ProtocolServer(const ProtocolServer&) = delete;
    ProtocolServer& operator=(const ProtocolServer&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::string url() const;  // "http://127.0.0.1:PORT"

    void change(std::string_view script);
    void reset();
    [[nodiscard]] Tally tally() const;

private:
    class Server;
    const std::unique_ptr<Server> server_;
};

}  // namespace protocol_server

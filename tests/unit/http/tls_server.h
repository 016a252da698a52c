// A TLS server with a certificate for localhost, signed by an authority of its own, which is not publicly trusted.
//
// Thread-safety: as ScriptedServer.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace embedq::http {

class TlsServer {
public:
    // Answers one request of each connection with `answer`. An empty one resets connections after the handshake. Writes
    // the authority's certificate to `ca_file`.
    TlsServer(std::string answer, const std::filesystem::path& ca_file);
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    [[nodiscard]] std::string url(const std::string& host = "localhost") const;
    // The protocols that the last client offered (ALPN), separated by commas.
    [[nodiscard]] std::string offered() const;

private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace embedq::http

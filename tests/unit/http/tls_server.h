// A TLS server with a certificate for localhost, signed by an authority of its own that nobody knows.
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
    // Answers one request of each connection with `answer`; without one, resets connections once their handshake is
    // done. The authority's certificate is written to `ca_file`.
    TlsServer(std::string answer, const std::filesystem::path& ca_file);
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    [[nodiscard]] std::string url(const std::string& host = "localhost") const;
    // The protocols that the last client offered (ALPN), with commas between them.
    [[nodiscard]] std::string offered() const;

private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace embedq::http

// A TLS server with a certificate for localhost, signed by an authority of its own, which is not publicly trusted.
//
// Thread-safety: as ScriptedServer.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace embedq::http {

struct TlsOptions {
    // When the certificate is valid, in seconds from now.
    long valid_from = -3600;
    long valid_to = 3600;
    bool self_signed = false;
    bool requires_client = false;  // a certificate that the same authority signed
    bool resets = false;           // a connection that it refuses, in place of waiting until its alert is read
};

class TlsServer {
public:
    // Answers one request of each connection with `answer`. An empty one resets connections after the handshake. Writes
    // the authority's certificate to `ca_file`.
    TlsServer(std::string answer, const std::filesystem::path& ca_file, TlsOptions options = {});
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    [[nodiscard]] std::string url(const std::string& host = "localhost") const;
    // Writes a certificate for a client, signed by the authority, and its key; encrypted if there is a password.
    void write_client(const std::filesystem::path& certificate, const std::filesystem::path& key,
                      const std::string& password = {}, TlsOptions options = {}) const;
    // The protocols that the last client offered (ALPN), separated by commas.
    [[nodiscard]] std::string offered() const;

private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace embedq::http

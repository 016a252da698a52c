#include "unit/http/tls_server.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

namespace embedq::http {
namespace {

template <auto Free>
struct Freed {
    void operator()(auto* value) const { Free(value); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;

void extend(X509* certificate, X509* issuer, int what, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
    if (extension == nullptr) throw std::runtime_error("no extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate certificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, TlsOptions options = {}) {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), options.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), options.valid_to);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509* const signer = issuer == nullptr ? made.get() : issuer;
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
    if (issuer == nullptr) {
        extend(made.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
        extend(made.get(), signer, NID_key_usage, "critical,keyCertSign");
    } else {
        extend(made.get(), signer, NID_subject_alt_name, "DNS:localhost");
    }
    if (X509_sign(made.get(), issuer_key, EVP_sha256()) == 0) throw std::runtime_error("no signature");
    return made;
}

using File = std::unique_ptr<std::FILE, Freed<std::fclose>>;

void write_pem(const std::filesystem::path& path, X509* written) {
    const File file(std::fopen(path.c_str(), "w"));
    if (file == nullptr || PEM_write_X509(file.get(), written) != 1)
        throw std::runtime_error("cannot write " + path.string());
}

void write_pem(const std::filesystem::path& path, EVP_PKEY* written, const std::string& password) {
    const File file(std::fopen(path.c_str(), "w"));
    std::string bytes = password;
    if (file == nullptr ||
        PEM_write_PrivateKey(file.get(), written, password.empty() ? nullptr : EVP_aes_128_cbc(),
                             password.empty() ? nullptr : reinterpret_cast<unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), nullptr, nullptr) != 1)
        throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

struct TlsServer::Impl {
    std::string answer;
    bool resets = false;
    const Key authority_key{EVP_EC_gen("P-256")};
    Certificate authority;
    SslContext context{SSL_CTX_new(TLS_server_method())};
    int listener = -1;
    int port = 0;
    mutable std::mutex mutex;
    std::string offered;  // guarded by mutex
    std::jthread acceptor;

    static int choose_http1(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                            unsigned length, void* user) {
        auto& self = *static_cast<Impl*>(user);
        const std::scoped_lock lock(self.mutex);
        self.offered.clear();
        for (unsigned i = 0; i < length; i += in[i] + 1U) {
            const std::string protocol(reinterpret_cast<const char*>(in + i + 1), in[i]);
            self.offered += (self.offered.empty() ? "" : ",") + protocol;
            if (protocol != "http/1.1") continue;
            *out = in + i + 1;
            *size = in[i];
        }
        return self.offered.contains("http/1.1") ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    }

    void serve(int socket) const {
        const Ssl ssl(SSL_new(context.get()));
        SSL_set_fd(ssl.get(), socket);
        if (SSL_accept(ssl.get()) == 1) {
            respond(ssl.get(), socket);
        } else if (!resets) {
            // A connection that is closed with unread bytes is reset, and the client may not see the alert.
            ::shutdown(socket, SHUT_WR);
            for (char byte = 0; ::recv(socket, &byte, 1, 0) > 0;) {
            }
        }
        ::close(socket);
    }

    void respond(SSL* ssl, int socket) const {
        if (answer.empty()) {
            const linger reset_on_close{1, 0};
            ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
            return;
        }
        std::vector<char> buffer(65536);
        if (SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size())) > 0) {
            SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
        }
        SSL_shutdown(ssl);
    }

    void accept_all() const {
        // OpenSSL writes to sockets that the client has closed. The thread ends with the server, so the mask is not
        // restored.
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        while (true) {
            const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            serve(socket);
        }
    }
};

TlsServer::TlsServer(std::string answer, const std::filesystem::path& ca_file, TlsOptions options)
    : impl_(std::make_unique<Impl>()) {
    impl_->answer = std::move(answer);
    impl_->resets = options.resets;
    EVP_PKEY* const authority_key = impl_->authority_key.get();
    // Named by its file: two authorities with the same name would be taken for one with an invalid signature.
    impl_->authority = certificate(ca_file.c_str(), authority_key, nullptr, authority_key);
    X509* const authority = impl_->authority.get();
    write_pem(ca_file, authority);
    const Key key(EVP_EC_gen("P-256"));
    const Certificate own = options.self_signed
                                ? certificate("localhost", key.get(), nullptr, key.get(), options)
                                : certificate("localhost", key.get(), authority, authority_key, options);
    SSL_CTX_use_certificate(impl_->context.get(), own.get());
    SSL_CTX_use_PrivateKey(impl_->context.get(), key.get());
    if (options.requires_client) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(impl_->context.get()), authority);
        SSL_CTX_set_verify(impl_->context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    SSL_CTX_set_alpn_select_cb(impl_->context.get(), Impl::choose_http1, impl_.get());

    impl_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(impl_->listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(impl_->listener, 16) != 0) {
        throw std::runtime_error("no listening socket");
    }
    ::getsockname(impl_->listener, reinterpret_cast<sockaddr*>(&address), &size);
    impl_->port = ntohs(address.sin_port);
    impl_->acceptor = std::jthread([impl = impl_.get()] { impl->accept_all(); });
}

TlsServer::~TlsServer() {
    ::shutdown(impl_->listener, SHUT_RDWR);
    impl_->acceptor.join();
    ::close(impl_->listener);
}

std::string TlsServer::url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(impl_->port) + "/v1";
}

void TlsServer::write_client(const std::filesystem::path& certificate_file, const std::filesystem::path& key_file,
                             const std::string& password, TlsOptions options) const {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made =
        certificate("client", key.get(), impl_->authority.get(), impl_->authority_key.get(), options);
    write_pem(certificate_file, made.get());
    write_pem(key_file, key.get(), password);
}

std::string TlsServer::offered() const {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->offered;
}

}  // namespace embedq::http

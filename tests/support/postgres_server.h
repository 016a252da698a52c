// The PostgreSQL server that tests/support/with_postgres.py started for this program, and the commands to break it.
//
// Thread-safety: all members may be called from any thread.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace embedq::support {

class PostgresServer {
public:
    // Throws when the program was not started by with_postgres.py.
    PostgresServer()
        : url_(variable("EMBEDQ_TEST_POSTGRES")),
          superuser_url_(variable("EMBEDQ_TEST_POSTGRES_SUPERUSER")),
          control_(variable("EMBEDQ_TEST_POSTGRES_CONTROL")) {}

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] const std::string& superuser_url() const { return superuser_url_; }

    // Runs one command of tests/support/control.py and returns its answer. Throws its error.
    std::string control(const std::string& command) const {
        const Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (control_.size() >= sizeof address.sun_path)
            throw std::runtime_error("the path of the control socket is too long: " + control_);
        std::memcpy(address.sun_path, control_.c_str(), control_.size());
        const std::string line = command + "\n";
        if (::connect(connection.number, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::send(connection.number, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) {
            throw std::runtime_error("the control socket of the server does not answer: " + control_);
        }
        std::string answer;
        for (char c = 0; ::read(connection.number, &c, 1) == 1 && c != '\n';) answer += c;
        if (!answer.starts_with("ok")) throw std::runtime_error("'" + command + "': " + answer);
        return answer.size() > 3 ? answer.substr(3) : "";
    }

    // The first value that a query returns to a superuser.
    std::string value(const std::string& sql) const { return control("value " + sql); }

private:
    struct Descriptor {
        explicit Descriptor(int opened) : number(opened) {}
        ~Descriptor() { ::close(number); }
        Descriptor(const Descriptor&) = delete;
        Descriptor& operator=(const Descriptor&) = delete;
        const int number;
    };

    static std::string variable(const char* name) {
        const char* value = std::getenv(name);
        if (value == nullptr)
            throw std::runtime_error(std::string(name) +
                                     " is not set; run this as tests/support/with_postgres.py -- PROGRAM");
        return value;
    }

    const std::string url_;
    const std::string superuser_url_;
    const std::string control_;
};

}  // namespace embedq::support

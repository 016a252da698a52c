// protocol_server [--port N] [FILE]: serves by the YAML script in FILE, or on standard input, until SIGTERM or SIGINT.
//
// Prints its URL on a line of its own as soon as it listens.
#include <charconv>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "server.h"

int main(int count, char** values) {
    std::string file;
    std::uint16_t port = 0;
    for (int i = 1; i < count; ++i) {
        const std::string word = values[i];
        if (word == "--port" && i + 1 < count) {
            const char* const end = values[i + 1] + std::strlen(values[i + 1]);
            if (std::from_chars(values[++i], end, port).ptr == end) continue;
        } else if (file.empty() && !word.starts_with("-")) {
            file = word;
            continue;
        }
        std::cerr << "usage: protocol_server [--port N] [FILE]\n";
        return 2;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);  // also in the server's thread
    std::ifstream opened(file);
    if (!file.empty() && !opened) {
        std::cerr << "protocol_server: cannot read " << file << '\n';
        return 2;
    }
    std::istream& input = file.empty() ? std::cin : opened;
    try {
        const protocol_server::ProtocolServer server(std::string(std::istreambuf_iterator<char>(input), {}), port);
        std::cout << server.url() << '\n' << std::flush;
        int received = 0;
        sigwait(&signals, &received);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "protocol_server: " << error.what() << '\n';
        return 2;
    }
}

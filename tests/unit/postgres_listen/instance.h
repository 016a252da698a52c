// A notifier on the test's server, with its context, and bounded waits.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conformance/system_context.h"
#include "notifiers/postgres_listen/notifier.h"
#include "support/postgres_server.h"

namespace embedq::notifiers {

using namespace std::chrono_literals;  // NOLINT: for tests only
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// How long a test waits for a condition before it fails.
constexpr auto patience = 60s;

class Instance {
public:
    explicit Instance(const std::string& url, const std::string& channel = "a channel",
                      const std::map<std::string, milliseconds>& times = {})
        : context_("postgres_listen") {
        Options options;
        options.set("url", url);
        options.set("channel", channel);
        const std::map<std::string, milliseconds> defaults = {{"interval", 20ms},
                                                              {"probe_interval", 10s},
                                                              {"probe_timeout", 5s},
                                                              {"connect_timeout", 10s},
                                                              {"retry_max", 200ms}};
        for (const auto& [name, time] : defaults) options.set(name, times.contains(name) ? times.at(name) : time);
        auto made = make_postgres_listen(options, context_);
        if (!made) throw std::runtime_error(to_string(made.error()));
        notifier_ = std::move(*made);
    }

    void publish() { notifier_->publish(); }
    [[nodiscard]] Wake wait(Steady::duration at_most) { return notifier_->wait(Steady::now() + at_most, {}); }
    [[nodiscard]] std::string degraded() { return notifier_->degraded(); }
    Notifier& operator*() { return *notifier_; }

    // Waits, as a worker does, until the condition holds.
    void until(const std::function<bool()>& condition, const std::string& what) {
        const auto end = Steady::now() + patience;
        while (!condition()) {
            (void)wait(5ms);
            if (Steady::now() > end) throw std::runtime_error("timed out waiting until " + what);
        }
    }
    void wait_until_it_listens() {
        until([&] { return degraded().empty(); }, "the notifier listens");
        drain();
    }
    void wait_until_it_polls() {
        until([&] { return !degraded().empty(); }, "the notifier only polls");
    }
    // Consumes the notifications that have already arrived.
    void drain() {
        while (wait(0ms) == Wake::notified) continue;
    }

    [[nodiscard]] std::vector<std::string> logged(LogLevel level) {
        std::vector<std::string> lines;
        for (const auto& [at, line] : context_.logger().lines()) {
            if (at == level) lines.push_back(line);
        }
        return lines;
    }

private:
    conformance::SystemContext context_;
    std::unique_ptr<Notifier> notifier_;
};

// The server's URL with one more parameter.
inline std::string with_parameter(const std::string& url, const std::string& parameter) {
    return url + (url.find('?') == std::string::npos ? '?' : '&') + parameter;
}

class PostgresListenTest : public ::testing::Test {
protected:
    const support::PostgresServer server;
    const std::string url = server.url();

    // The pid of the session with this application name.
    [[nodiscard]] std::string backend(const std::string& name) const {
        return server.value("select pid from pg_stat_activity where application_name = '" + name + "'");
    }
};

}  // namespace embedq::notifiers

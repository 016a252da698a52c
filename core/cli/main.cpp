// The program: reads the command line, sets up the installation and the signals, and runs one command.
//
//   arguments -> CommandContext { console, installation, stop } -> commands/*.cpp
//       installation -> configuration -> registry -> store, notifier, providers -> engine -> scheduler
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/call_watch.h"
#include "cli/command_context.h"
#include "cli/console.h"
#include "cli/installation.h"
#include "cli/layout.h"
#include "cli/signals.h"
#include "sync/sleep.h"

namespace {

using namespace embedq::cli;

class SignalInterruption : public Interruption {
public:
    [[nodiscard]] std::stop_token token() const override { return signals_.token(); }
    [[nodiscard]] bool wait_for(std::chrono::milliseconds duration) override {
        return embedq::sync::sleep_for(duration, token());
    }
    void wait() override { signals_.wait(); }
    void stop_at(std::chrono::steady_clock::time_point time) override { signals_.stop_at(time); }
    [[nodiscard]] bool timed_out() const override { return signals_.timed_out(); }
    void on_overdue(OverdueStop overdue) override { signals_.on_overdue(std::move(overdue)); }
    [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
        return std::chrono::steady_clock::now();
    }

private:
    Signals signals_;
};

std::string exec_program(Console& console, const std::vector<std::string>& words) {
    // The output in the buffer would be lost with this program.
    if (!console.flush()) return "stdout cannot be written";
    std::vector<char*> arguments;
    // execv does not change its arguments, though its type allows it.
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments.front(), arguments.data());
    return std::generic_category().message(errno);
}

int run(const std::vector<std::string>& arguments) {
    Console console(std::cout, std::cerr, Console::detect());
    auto read = read_arguments(arguments, EMBEDQ_VERSION);
    if (const Answer* answer = std::get_if<Answer>(&read)) {
        if (answer->exit_status == exit_done) {
            console.print_raw(answer->text);
        } else {
            console.error(answer->text);
        }
        return console.flush() ? answer->exit_status : exit_failed;
    }
    const Invocation& invocation = std::get<Invocation>(read);
    LogOverride log{invocation.log_level, invocation.json_logs};
    if (invocation.quiet) {
        console.set_quiet();
        if (!log.level) log.level = embedq::LogLevel::error;
    }
    CallWatch watch(console, [&console](const std::string& message) {
        console.leave_screen();
        console.error(message);
        ::_exit(exit_failed);
    });
    const auto installation = make_installation(console, invocation.config, EMBEDQ_VERSION, log, watch);
    const auto exec = [&](const std::vector<std::string>& words) { return exec_program(console, words); };
    CommandContext context{console,
                           *installation,
                           [] { return std::make_unique<SignalInterruption>(); },
                           invocation.json,
                           own_layout(),
                           exec,
                           &std::cin,
                           ::isatty(STDIN_FILENO) == 1};
    const int status = invocation.run(context);
    return console.flush() ? status : std::max(status, exit_failed);
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& exception) {
        std::cerr << "embedq: internal error: " << exception.what() << "; please report it\n";
        return exit_failed;
    }
}

// What a person or a script sees: answers on stdout, everything else on stderr.
//
// Thread-safety: every member may be called from any thread, so that log lines and the progress line do not mix.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/context.h"
#include "sync/mutex.h"

namespace embedq::cli {

enum class Colour { none, green, blue, amber, red, grey, bold };

struct Terminal {
    bool out = false;          // stdout is a terminal
    bool err = false;          // stderr is one
    bool colours = false;      // colours are wanted
    std::size_t columns = 80;  // at least 1
    int window = -1;           // a descriptor to ask for the window's width; -1 when only `columns` is known
};

class Console {
public:
    Console(std::ostream& out, std::ostream& err, Terminal terminal) : out_(out), err_(err), terminal_(terminal) {}

    // The terminal of this process: stdout and stderr, `NO_COLOR` and `TERM` respected.
    [[nodiscard]] static Terminal detect();

    [[nodiscard]] const Terminal& terminal() const noexcept { return terminal_; }

    // How wide a line may be now: windows change their size.
    [[nodiscard]] std::size_t columns() const;
    // How many lines the window has now.
    [[nodiscard]] std::size_t rows() const;

    // From now on notes and the progress line are left out.
    void set_quiet() noexcept { quiet_ = true; }

    // A line of the answer.
    void print(std::string_view line);
    // Text of the answer, as it is.
    void print_raw(std::string_view text);
    // A line on stderr that people may want to know; left out with --quiet.
    void note(std::string_view line);
    // A line on stderr that is never left out: of the log, or of what was given and not taken.
    void report(std::string_view line);
    // A question, on stderr.
    void ask(std::string_view question);
    // "embedq: …" on stderr, or a line of the log.
    void report(LogLevel level, std::string_view message);
    void error(std::string_view message) { report(LogLevel::error, message); }
    // From now on what is reported goes to the logger: of a process that runs for long, every line has one form. Null:
    // to stderr again. The logger may write through this console.
    void report_to(Logger* logger);
    // The line at the bottom that the next one overwrites; only on a terminal. An empty one removes it.
    void transient(std::string_view line);
    // Shows these lines in place of those before, as many as the window has; only between `enter_screen` and
    // `leave_screen`, on a terminal.
    void show_screen(const std::vector<std::string>& lines);
    void enter_screen();
    // Does nothing where there is none.
    void leave_screen();
    // What `leave_screen` writes, for a process that ends in the middle.
    static constexpr std::string_view screen_end = "\x1b[?25h\x1b[?1049l";
    // False when stdout could not be written: a full disk, a closed pipe.
    [[nodiscard]] bool flush();

    // The text in colour when stdout takes colours.
    [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

private:
    void hide_transient() EMBEDQ_REQUIRES(mutex_);
    void show_transient() EMBEDQ_REQUIRES(mutex_);

    std::ostream& out_;
    std::ostream& err_;
    const Terminal terminal_;
    bool quiet_ = false;  // constant once there are other threads

    sync::Mutex mutex_;
    std::string transient_ EMBEDQ_GUARDED_BY(mutex_);
    bool on_screen_ EMBEDQ_GUARDED_BY(mutex_) = false;
    Logger* logger_ EMBEDQ_GUARDED_BY(mutex_) = nullptr;
};

// Text from outside, made safe for one line of a terminal: control characters become spaces, and marks that change the
// direction of writing are removed.
[[nodiscard]] std::string plain(std::string_view text);

}  // namespace embedq::cli

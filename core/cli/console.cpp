#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace embedq::cli {
namespace {

std::string_view code_of(Colour colour) {
    switch (colour) {
        case Colour::none: return "";
        case Colour::green: return "32";
        case Colour::blue: return "34";
        case Colour::amber: return "33";
        case Colour::red: return "31";
        case Colour::grey: return "90";
        case Colour::bold: return "1";
    }
    return "";
}

bool set_and_not_empty(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

}  // namespace

Terminal Console::detect() {
    Terminal terminal;
    const char* term = std::getenv("TERM");
    const bool dumb = term != nullptr && std::string_view(term) == "dumb";
    terminal.out = ::isatty(STDOUT_FILENO) == 1;
    terminal.err = ::isatty(STDERR_FILENO) == 1 && !dumb;
    terminal.colours = terminal.out && !dumb && !set_and_not_empty("NO_COLOR");
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) terminal.columns = size.ws_col;
    return terminal;
}

void Console::print(std::string_view line) {
    const std::scoped_lock lock(mutex_);
    hide_transient();
    out_ << line << '\n';
    if (terminal_.out) out_.flush();
    show_transient();
}

void Console::print_raw(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    hide_transient();
    out_ << text;
    show_transient();
}

void Console::note(std::string_view line) {
    const std::scoped_lock lock(mutex_);
    hide_transient();
    err_ << line << '\n';
    err_.flush();
    show_transient();
}

void Console::error(std::string_view message) {
    note(fmt::format("embedq: {}", message));
}

void Console::transient(std::string_view line) {
    if (!terminal_.err) return;
    const std::scoped_lock lock(mutex_);
    hide_transient();
    transient_ = line;
    show_transient();
}

void Console::clear_screen() {
    if (!terminal_.out) return;
    const std::scoped_lock lock(mutex_);
    out_ << "\x1b[H\x1b[2J";
}

bool Console::flush() {
    const std::scoped_lock lock(mutex_);
    out_.flush();
    return out_.good();
}

void Console::hide_transient() {
    if (!transient_.empty()) err_ << "\r\x1b[2K" << std::flush;
}

void Console::show_transient() {
    if (!transient_.empty()) err_ << transient_ << std::flush;
}

std::string Console::paint(Colour colour, std::string_view text) const {
    if (!terminal_.colours || colour == Colour::none) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

std::string plain(std::string_view text) {
    std::string safe(text);
    for (std::size_t i = 0; i < safe.size(); ++i) {
        const auto c = static_cast<unsigned char>(safe[i]);
        if (c < 0x20 || c == 0x7f) safe[i] = ' ';
        // U+0080 to U+009F are control characters too; some terminals obey them.
        if (c == 0xc2 && i + 1 < safe.size() && static_cast<unsigned char>(safe[i + 1]) < 0xa0) safe[i] = safe[i + 1] = ' ';
    }
    return safe;
}

}  // namespace embedq::cli

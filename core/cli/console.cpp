#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "sync/mutex.h"

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

// The value of COLUMNS, if it is set to a positive number.
std::optional<std::size_t> wanted_columns() {
    const char* value = std::getenv("COLUMNS");
    if (value == nullptr) return std::nullopt;
    const std::string_view text(value);
    std::size_t columns = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
    if (error != std::errc{} || end != text.data() + text.size() || columns == 0) return std::nullopt;
    return columns;
}

std::optional<winsize> window_of(int descriptor) {
    winsize size{};
    if (descriptor < 0 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return std::nullopt;
    return size;
}

std::optional<std::size_t> window_columns(int descriptor) {
    const auto window = window_of(descriptor);
    if (!window || window->ws_col == 0) return std::nullopt;
    return window->ws_col;
}

// The length in bytes of a mark at the end of the text, if there is one: U+200E, U+200F, U+2028 to U+202E, U+2066 to
// U+2069 and U+061C. They reorder the text around them, so that a terminal shows other words than there are; between
// them are the separators of lines and paragraphs.
std::size_t direction_mark_at_end(std::string_view text) {
    if (text.ends_with("\xd8\x9c")) return 2;
    if (text.size() < 3) return 0;
    const std::string_view end = text.substr(text.size() - 3);
    const auto third = static_cast<unsigned char>(end[2]);
    if (end.starts_with("\xe2\x80")) return third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae) ? 3 : 0;
    if (end.starts_with("\xe2\x81")) return third >= 0xa6 && third <= 0xa9 ? 3 : 0;
    return 0;
}

}  // namespace

Terminal Console::detect() {
    Terminal terminal;
    const char* term = std::getenv("TERM");
    const bool dumb = term != nullptr && std::string_view(term) == "dumb";
    terminal.out = ::isatty(STDOUT_FILENO) == 1;
    terminal.err = ::isatty(STDERR_FILENO) == 1 && !dumb;
    terminal.window = terminal.out ? STDOUT_FILENO : terminal.err ? STDERR_FILENO : -1;
    terminal.colours = terminal.out && !dumb && !set_and_not_empty("NO_COLOR");
    terminal.columns = wanted_columns().value_or(window_columns(terminal.window).value_or(terminal.columns));
    return terminal;
}

std::size_t Console::columns() const {
    const auto window = window_columns(terminal_.window);
    if (!window) return terminal_.columns;
    // COLUMNS may ask for less than there is; more would wrap.
    return std::min(*window, wanted_columns().value_or(*window));
}

std::size_t Console::rows() const {
    constexpr std::size_t usual = 24;
    const auto window = window_of(terminal_.window);
    return window && window->ws_row > 0 ? window->ws_row : usual;
}

void Console::print(std::string_view line) {
    const sync::Lock lock(mutex_);
    hide_transient();
    out_ << line << '\n';
    if (terminal_.out) out_.flush();
    show_transient();
}

void Console::print_raw(std::string_view text) {
    const sync::Lock lock(mutex_);
    hide_transient();
    out_ << text;
    show_transient();
}

void Console::note(std::string_view line) {
    if (!quiet_) report(line);
}

void Console::ask(std::string_view question) {
    report(question);
}

void Console::report(std::string_view line) {
    const sync::Lock lock(mutex_);
    hide_transient();
    err_ << line << '\n';
    err_.flush();
    show_transient();
}

void Console::report(LogLevel level, std::string_view message) {
    Logger* logger = nullptr;
    {
        const sync::Lock lock(mutex_);
        logger = logger_;
    }
    if (logger != nullptr) return logger->log(level, message);
    const std::string line = fmt::format("embedq: {}{}", level == LogLevel::warn ? "warning: " : "", message);
    level == LogLevel::error ? report(line) : note(line);
}

void Console::report_to(Logger* logger) {
    const sync::Lock lock(mutex_);
    logger_ = logger;
}

void Console::transient(std::string_view line) {
    if (!terminal_.err || quiet_) return;
    const sync::Lock lock(mutex_);
    hide_transient();
    transient_ = line;
    show_transient();
}

void Console::enter_screen() {
    const sync::Lock lock(mutex_);
    on_screen_ = true;
    out_ << "\x1b[?1049h\x1b[?25l" << std::flush;
}

void Console::leave_screen() {
    const sync::Lock lock(mutex_);
    if (!std::exchange(on_screen_, false)) return;
    out_ << screen_end << std::flush;
}

// Each line replaces the one before, so that nothing flickers.
void Console::show_screen(const std::vector<std::string>& lines) {
    const sync::Lock lock(mutex_);
    const std::size_t shown = std::min(lines.size(), rows());
    out_ << "\x1b[H";
    for (std::size_t i = 0; i < shown; ++i) out_ << (i > 0 ? "\r\n" : "") << lines[i] << "\x1b[K";
    out_ << "\x1b[J" << std::flush;
}

bool Console::flush() {
    const sync::Lock lock(mutex_);
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
    std::string safe;
    safe.reserve(text.size());
    for (const char c : text) {
        safe += c;
        // Looked for in the result, so that removing one mark cannot form another.
        safe.resize(safe.size() - direction_mark_at_end(safe));
    }
    for (std::size_t i = 0; i < safe.size(); ++i) {
        const auto c = static_cast<unsigned char>(safe[i]);
        if (c < 0x20 || c == 0x7f) safe[i] = ' ';
        // U+0080 to U+009F are control characters too; some terminals obey them.
        if (c == 0xc2 && i + 1 < safe.size() && static_cast<unsigned char>(safe[i + 1]) < 0xa0)
            safe[i] = safe[i + 1] = ' ';
    }
    return safe;
}

}  // namespace embedq::cli

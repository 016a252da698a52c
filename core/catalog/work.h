// The work on one document, which ends when it takes too long or when a stop is requested.
//
// Whatever a document can make long calls `go_on`, and returns when that is false.
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "catalog/document.h"

namespace embedq::catalog {

class Work {
public:
    // `form` is what the document is written in, for the message: "YAML".
    Work(const Limits& limits, const ReadingControl& control, std::string_view form);

    // For the same document in another form.
    void set_form(std::string_view form) { form_ = form; }

    // For short steps: looks at the time and the stop once in many calls.
    [[nodiscard]] bool go_on() { return ++steps_ % steps_between_looks != 0 ? !error_ : look(); }
    // For long steps: looks each time.
    [[nodiscard]] bool look();
    // Why it must end; only after `go_on` or `look` was false.
    [[nodiscard]] const Error& error() const { return *error_; }

private:
    static constexpr std::size_t steps_between_looks = 512;

    [[nodiscard]] std::chrono::nanoseconds time() const;

    const ReadingControl& control_;
    const std::chrono::milliseconds limit_;
    std::string_view form_;
    const std::chrono::nanoseconds begin_;
    std::size_t steps_ = 0;
    std::optional<Error> error_;
};

}  // namespace embedq::catalog

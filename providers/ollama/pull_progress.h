// Reads the lines that POST /api/pull answers with, as they arrive.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace embedq::ollama {

class PullProgress {
public:
    // `report` is called with a line for each new stage, and for each tenth of a file.
    explicit PullProgress(std::function<void(std::string_view)> report) : report_(std::move(report)) {}

    // A piece of the body, which may end in the middle of a line.
    void take(std::string_view piece);

    [[nodiscard]] bool succeeded() const noexcept { return succeeded_; }
    // The error that the server reported; empty when there was none.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

private:
    void read(const std::string& line);

    const std::function<void(std::string_view)> report_;
    std::string rest_;
    std::string stage_;
    std::size_t tenth_ = 0;
    bool succeeded_ = false;
    std::string error_;
};

}  // namespace embedq::ollama

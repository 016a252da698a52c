// Reads the lines that POST /api/pull answers with, as they come.
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
    // `say` is given sentences: each new stage, and each tenth of a file.
    explicit PullProgress(std::function<void(std::string_view)> say) : say_(std::move(say)) {}

    // A piece of the body, which may end in the middle of a line.
    void take(std::string_view piece);

    [[nodiscard]] bool succeeded() const noexcept { return succeeded_; }
    // What the server said went wrong; empty when it said nothing.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

private:
    void read(const std::string& line);

    const std::function<void(std::string_view)> say_;
    std::string rest_;
    std::string stage_;
    std::size_t tenth_ = 0;
    bool succeeded_ = false;
    std::string error_;
};

}  // namespace embedq::ollama

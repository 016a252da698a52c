#include "ollama/pull_progress.h"

#include "http/json_reader.h"
#include "http/redact.h"

namespace embedq::ollama {
namespace {

constexpr std::size_t max_line_bytes = std::size_t{64} * 1024;

std::string megabytes(std::size_t bytes) {
    return std::to_string(bytes / 1'000'000) + " MB";
}

}  // namespace

void PullProgress::take(std::string_view piece) {
    rest_.append(piece);
    std::size_t begin = 0;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; begin = end + 1, end = rest_.find('\n', begin)) {
        read(rest_.substr(begin, end - begin));
    }
    rest_.erase(0, begin);
    if (rest_.size() > max_line_bytes) rest_.clear();  // no line of the protocol is that long
}

void PullProgress::read(const std::string& line) {
    const auto update = http::Json::parse(line);
    if (const std::string error = update["error"].text(); !error.empty()) {
        error_ = http::excerpt(error);
        return;
    }
    const std::string stage = update["status"].text();
    if (stage.empty()) return;
    succeeded_ = stage == "success";
    const std::size_t total = update["total"].count();
    const std::size_t completed = update["completed"].count();
    const std::size_t tenth = total > 0 ? completed * 10 / total : 0;
    if (stage == stage_ && tenth <= tenth_) return;
    stage_ = stage;
    tenth_ = tenth;
    const std::string amount = total > 0 ? ": " + megabytes(completed) + " of " + megabytes(total) : "";
    report_(http::excerpt(stage_) + amount);
}

}  // namespace embedq::ollama

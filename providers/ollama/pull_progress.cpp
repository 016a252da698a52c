#include "ollama/pull_progress.h"

#include "http/json_reader.h"
#include "http/redact.h"

namespace embedq::ollama {
namespace {

constexpr std::size_t longest_line = std::size_t{64} * 1024;

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
    if (rest_.size() > longest_line) rest_.clear();  // no line of the protocol is as long
}

void PullProgress::read(const std::string& line) {
    const auto said = http::Json::parse(line);
    if (const std::string error = said["error"].text(); !error.empty()) {
        error_ = http::excerpt(error);
        return;
    }
    const std::string stage = said["status"].text();
    if (stage.empty()) return;
    succeeded_ = stage == "success";
    const std::size_t total = said["total"].count();
    const std::size_t completed = said["completed"].count();
    const std::size_t tenth = total > 0 ? completed * 10 / total : 0;
    if (stage == stage_ && tenth <= tenth_) return;
    stage_ = stage;
    tenth_ = tenth;
    const std::string how_far = total > 0 ? ": " + megabytes(completed) + " of " + megabytes(total) : "";
    say_(http::excerpt(stage_) + how_far);
}

}  // namespace embedq::ollama

#include "ollama/pull_progress.h"

#include <simdjson.h>

#include <utility>

#include "http/redact.h"

namespace embedq::ollama {
namespace {

constexpr std::size_t kLongestLine = 64 * 1024;

std::string megabytes(std::uint64_t bytes) {
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
    if (rest_.size() > kLongestLine) rest_.clear();  // no line of the protocol is as long
}

void PullProgress::read(const std::string& line) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    if (parser.parse(line).get(document) != simdjson::SUCCESS) return;
    std::string_view text;
    if (document["error"].get(text) == simdjson::SUCCESS) {
        error_ = http::excerpt(text);
        return;
    }
    if (document["status"].get(text) != simdjson::SUCCESS) return;
    succeeded_ = text == "success";
    std::uint64_t total = 0;
    std::uint64_t completed = 0;
    const bool counted = document["total"].get(total) == simdjson::SUCCESS && total > 0;
    if (document["completed"].get(completed) != simdjson::SUCCESS) completed = 0;
    const std::uint64_t tenth = counted ? completed * 10 / total : 0;
    if (text == stage_ && tenth <= tenth_) return;
    stage_ = text;
    tenth_ = tenth;
    const std::string how_far = counted ? ": " + megabytes(completed) + " of " + megabytes(total) : "";
    say_(http::excerpt(stage_) + how_far);
}

}  // namespace embedq::ollama

#include "world.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace embedq::conformance {
namespace {

std::string next_id() {
    static std::atomic<unsigned> made = 0;
    return "kit_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
}

std::filesystem::path new_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "embedq-case-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), "no folder for a case: " + pattern);
    return pattern;
}

}  // namespace

CaseWorld::CaseWorld() : folder_(new_folder()), id_(next_id()), owned_(true) {}

CaseWorld::CaseWorld(std::filesystem::path folder, std::string id)
    : folder_(std::move(folder)), id_(std::move(id)), owned_(false) {}

CaseWorld::~CaseWorld() {
    if (!owned_) return;
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
}

config::Environment CaseWorld::environment() const {
    return [folder = folder_.string(), id = id_,
            process = config::process_environment()](std::string_view name) -> std::optional<std::string> {
        if (name == "EMBEDQ_CASE_FOLDER" || name == "XDG_DATA_HOME") return folder;
        if (name == "EMBEDQ_CASE_ID") return id;
        return process(name);
    };
}

}  // namespace embedq::conformance

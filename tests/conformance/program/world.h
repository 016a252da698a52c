// The world of one case: an empty folder, an id, and the environment in which a configuration is read.
//
// Thread-safety: none.
#pragma once

#include <filesystem>
#include <string>

#include "config/configuration.h"

namespace embedq::conformance {

class CaseWorld {
public:
    CaseWorld();
    // The world of another process's case; that process removes it.
    CaseWorld(std::filesystem::path folder, std::string id);
    ~CaseWorld();
    CaseWorld(const CaseWorld&) = delete;
    CaseWorld& operator=(const CaseWorld&) = delete;

    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    // The process's, with EMBEDQ_CASE_FOLDER and EMBEDQ_CASE_ID. XDG_DATA_HOME is the folder too, so that a store that
    // is configured without a path never opens the user's own data.
    [[nodiscard]] config::Environment environment() const;

private:
    std::filesystem::path folder_;
    std::string id_;
    bool owned_;
};

}  // namespace embedq::conformance

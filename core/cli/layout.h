// Where the parts of an installation are, relative to the program, so that an installed tree can be moved. A build tree
// has the same layout.
//
// Thread-safety: functions of the file system without state.
#pragma once

#include <filesystem>

namespace embedq::cli {

struct Layout {
    // The folder that contains bin/; empty when the program cannot find out where it is.
    std::filesystem::path prefix;
    std::filesystem::path plugins;      // lib/embedq/plugins
    std::filesystem::path templates;    // share/embedq/template: a project per kind of plugin
    std::filesystem::path package;      // lib/cmake/embedq; in an installed tree only
    std::filesystem::path conformance;  // bin/embedq-conformance
};

// The layout around the program at this path; the parts need not exist.
[[nodiscard]] Layout layout_of(const std::filesystem::path& program);
// The layout around the program of this process.
[[nodiscard]] Layout own_layout();

}  // namespace embedq::cli

// Where the parts of an installation lie, counted from the program, so that a tree works wherever it is moved to. A
// build has the same shape.
//
// Thread-safety: pure functions of the file system.
#pragma once

#include <filesystem>

namespace embedq::cli {

struct Layout {
    // The folder that has bin/ in it; empty when the program cannot tell where it is.
    std::filesystem::path prefix;
    std::filesystem::path plugins;      // lib/embedq/plugins
    std::filesystem::path templates;    // share/embedq/template: a project per kind of plugin
    std::filesystem::path package;      // lib/cmake/embedq; only an installed tree has it
    std::filesystem::path conformance;  // bin/embedq-conformance
};

// Of the program at this path; the parts need not be there.
[[nodiscard]] Layout layout_of(const std::filesystem::path& program);
// Of this process.
[[nodiscard]] Layout own_layout();

}  // namespace embedq::cli

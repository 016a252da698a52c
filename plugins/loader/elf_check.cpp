#include "loader/elf_check.h"

#include <fmt/format.h>

#include <string_view>

#include "embedq/plugin.h"
#include "loader/elf_file.h"

namespace embedq::plugins {
namespace {

struct Runtime {
    std::string_view library;
    std::string_view sanitizer;  // as -fsanitize= takes it
};

// Those that must be in the process from its start: loaded later, they end the process or cannot be loaded.
constexpr Runtime runtimes[] = {
    {"libasan.so", "address"},           {"libtsan.so", "thread"},        {"liblsan.so", "leak"},
    {"libhwasan.so", "hwaddress"},       {"libclang_rt.asan", "address"}, {"libclang_rt.tsan", "thread"},
    {"libclang_rt.hwasan", "hwaddress"},
};
constexpr std::string_view own_sanitizer =
    std::string_view(EMBEDQ_TAG_SANITIZER).substr(std::string_view(" sanitizer=").size());

Status check_runtimes(const std::filesystem::path& file, const ElfFile& elf) {
    for (const std::string& needed : elf.needed()) {
        for (const Runtime& runtime : runtimes) {
            if (!needed.starts_with(runtime.library) || runtime.sanitizer == own_sanitizer) continue;
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "plugin file '{}' needs {}, so it was built with -fsanitize={}, but this embedq with sanitizer={}",
                    file.string(), needed, runtime.sanitizer, own_sanitizer),
                "build both with the same compiler and settings");
        }
    }
    return {};
}

}  // namespace

Status check_loadable(const std::filesystem::path& file, const char* symbol, std::size_t size) {
    const auto elf = ElfFile::open(file);
    if (!elf) return std::unexpected(elf.error());
    if (auto alike = check_runtimes(file, *elf); !alike) return alike;
    const auto found = elf->find(symbol);
    if (!found) return {};
    if (!found->is_data) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' exports {} as a function, but it must be the descriptor itself, a "
                                "constant",
                                file.string(), symbol),
                    "declare it with a macro such as EMBEDQ_PROVIDER(…)");
    }
    if (found->size < size) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' exports {} with {} bytes, but this embedq's descriptor has {}",
                                file.string(), symbol, found->size, size),
                    "build the plugin against this embedq's headers");
    }
    return {};
}

}  // namespace embedq::plugins

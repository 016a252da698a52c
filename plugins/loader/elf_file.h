// The needed libraries and the symbols of an ELF shared object, read from the file without running any of its code.
//
// Thread-safety: an ElfFile is constant after opening.
#pragma once

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"

namespace embedq::plugins {

struct ElfSymbol {
    bool is_data;  // a constant or variable, not a function
    std::uint64_t size;
};

class ElfFile {
public:
    // `misconfigured` when the file is not a complete 64- or 32-bit shared object for this machine; the message says
    // what it is instead. Every section of an opened file is within the file, which neither the dynamic loader nor
    // Boost.DLL checks before it reads.
    [[nodiscard]] static Result<ElfFile> open(const std::filesystem::path& file);

    // The libraries that must be loaded with it, by file name.
    [[nodiscard]] const std::vector<std::string>& needed() const noexcept { return needed_; }
    // A symbol that it defines and exports.
    [[nodiscard]] std::optional<ElfSymbol> find(std::string_view symbol) const;

private:
    std::vector<std::string> needed_;
    std::vector<ElfW(Sym)> symbols_;
    std::string symbol_names_;  // by offset, each terminated by a null
};

}  // namespace embedq::plugins

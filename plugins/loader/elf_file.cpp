#include "loader/elf_file.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <span>
#include <system_error>
#include <type_traits>

namespace embedq::plugins {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Dynamic = ElfW(Dyn);
using Symbol = ElfW(Sym);

#if defined(__x86_64__)
constexpr std::uint16_t elf_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t elf_machine = EM_AARCH64;
#else
constexpr std::uint16_t elf_machine = EM_NONE;
#endif
constexpr unsigned char elf_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

bool inside(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
    return offset <= size && length <= size - offset;
}

template <class T>
bool read_at(std::ifstream& in, std::uint64_t offset, std::span<T> into) {
    static_assert(std::is_trivially_copyable_v<T>);
    in.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(
        in.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size_bytes())));
}

template <class T>
std::vector<T> contents(std::ifstream& in, const Section& section) {
    std::vector<T> rows(section.sh_size / sizeof(T));
    if (!read_at(in, section.sh_offset, std::span(rows))) rows.clear();
    return rows;
}

std::string text_of(std::ifstream& in, const Section& section) {
    const std::vector<char> bytes = contents<char>(in, section);
    return {bytes.begin(), bytes.end()};
}

// The text that begins at the offset, up to its null; empty when the offset is wrong.
std::string_view text_at(const std::string& table, std::uint64_t offset) {
    if (offset >= table.size()) return {};
    const std::string_view rest = std::string_view(table).substr(offset);
    return rest.substr(0, rest.find('\0'));
}

// The sections; nothing unless each of them is within the file.
std::optional<std::vector<Section>> whole_sections(std::ifstream& in, const Header& header, std::uint64_t size) {
    if (header.e_shentsize != sizeof(Section) || header.e_shnum == 0 || header.e_shstrndx >= header.e_shnum)
        return std::nullopt;
    if (!inside(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Section), size)) return std::nullopt;
    std::vector<Section> sections(header.e_shnum);
    if (!read_at(in, header.e_shoff, std::span(sections))) return std::nullopt;
    for (const Section& section : sections) {
        const bool in_file = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
        if (in_file && !inside(section.sh_offset, section.sh_size, size)) return std::nullopt;
    }
    return sections;
}

// Why a header is not that of a shared object for this machine; empty when it is.
std::string problem_with(const Header& header) {
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "is not an ELF file";
    if (header.e_ident[EI_CLASS] != elf_class) {
        return fmt::format("is a {}-bit ELF file", header.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64);
    }
    if (elf_machine != EM_NONE && header.e_machine != elf_machine) {
        return fmt::format("is for another machine (ELF machine {}, here it is {})", header.e_machine, elf_machine);
    }
    if (header.e_type != ET_DYN) return "is an ELF file of another type";
    return {};
}

}  // namespace

Result<ElfFile> ElfFile::open(const std::filesystem::path& file) {
    const auto refuse = [&](std::string_view found) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' {}, but must be a shared object built for this machine",
                                file.string(), found),
                    "build or copy it again");
    };
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return refuse("is not a regular file");
    const std::uint64_t size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) return refuse("cannot be read");
    Header header{};
    if (size < sizeof(header) || !read_at(in, 0, std::span(&header, 1)))
        return refuse(fmt::format("has only {} bytes", size));
    if (const std::string problem = problem_with(header); !problem.empty()) return refuse(problem);
    const auto sections = whole_sections(in, header, size);
    if (!sections) return refuse("is cut off or damaged");

    ElfFile opened;
    for (const Section& section : *sections) {
        if (section.sh_link >= sections->size()) continue;
        const Section& names = (*sections)[section.sh_link];
        if (section.sh_type == SHT_DYNSYM) {
            opened.symbols_ = contents<Symbol>(in, section);
            opened.symbol_names_ = text_of(in, names);
        }
        if (section.sh_type == SHT_DYNAMIC) {
            const std::string table = text_of(in, names);
            for (const Dynamic& entry : contents<Dynamic>(in, section)) {
                if (entry.d_tag == DT_NEEDED) opened.needed_.emplace_back(text_at(table, entry.d_un.d_val));
            }
        }
    }
    return opened;
}

std::optional<ElfSymbol> ElfFile::find(std::string_view symbol) const {
    for (const Symbol& row : symbols_) {
        if (row.st_shndx == SHN_UNDEF || text_at(symbol_names_, row.st_name) != symbol) continue;
        // The type's place in st_info is the same in 32 and 64 bits.
        return ElfSymbol{ELF64_ST_TYPE(row.st_info) == STT_OBJECT, row.st_size};
    }
    return std::nullopt;
}

}  // namespace embedq::plugins

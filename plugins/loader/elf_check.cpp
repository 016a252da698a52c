#include "loader/elf_check.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <system_error>

namespace embedq::plugins {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#else
constexpr std::uint16_t kMachine = EM_NONE;
#endif
constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

template <class T>
bool read_at(std::ifstream& in, std::uint64_t offset, T& value) {
    in.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(in.read(reinterpret_cast<char*>(&value), sizeof(value)));
}

bool inside(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
    return offset <= size && length <= size - offset;
}

bool sections_are_whole(std::ifstream& in, const Header& header, std::uint64_t size) {
    if (header.e_shentsize != sizeof(Section) || header.e_shnum == 0 || header.e_shstrndx >= header.e_shnum) return false;
    if (!inside(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Section), size)) return false;
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        Section section{};
        if (!read_at(in, header.e_shoff + i * sizeof(Section), section)) return false;
        if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL && !inside(section.sh_offset, section.sh_size, size)) return false;
    }
    return true;
}

}  // namespace

Status check_whole_shared_object(const std::filesystem::path& file) {
    const auto refuse = [&](std::string_view found) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' {}, but must be a shared object built for this machine; build or copy it again",
                                file.string(), found));
    };
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return refuse("is no regular file");
    const std::uint64_t size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) return refuse("cannot be read");
    Header header{};
    if (size < sizeof(header) || !read_at(in, 0, header)) return refuse(fmt::format("has only {} bytes", size));
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return refuse("is not an ELF file");
    if (header.e_ident[EI_CLASS] != kClass || (kMachine != EM_NONE && header.e_machine != kMachine)) {
        return refuse(fmt::format("is for another machine (ELF machine {}, here it is {})", header.e_machine, kMachine));
    }
    if (header.e_type != ET_DYN) return refuse("is an ELF file of another type");
    if (!sections_are_whole(in, header, size)) return refuse("is cut off or damaged");
    return {};
}

}  // namespace embedq::plugins

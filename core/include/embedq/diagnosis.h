// What a store reports about its own health, for `embedq doctor`.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace embedq {

enum class FindingLevel : std::uint8_t {
    good,   // as it should be
    note,   // works, but somebody may want to know or to change it
    fault,  // something does not work, or soon will not
};

[[nodiscard]] constexpr std::string_view to_string(FindingLevel level) noexcept {
    switch (level) {
        case FindingLevel::good: return "ok";
        case FindingLevel::note: return "note";
        case FindingLevel::fault: return "fault";
    }
    return "fault";
}

// The result of one check. Never holds a secret.
struct Finding {
    FindingLevel level = FindingLevel::good;
    std::string subject;    // a few words, the same each time: "free disk space"
    std::string found;      // the result, with its numbers and names
    std::string hint = {};  // what to do, as a command or a setting where there is one; a fault always has it
};

}  // namespace embedq

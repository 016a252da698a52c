#include "simulated/server_state.h"

#include <fmt/format.h>

#include <fstream>
#include <string_view>

namespace embedq::simulated {

Result<ServerState> read_state(const std::string& file) {
    ServerState state;
    std::ifstream lines(file);
    std::string line;
    while (std::getline(lines, line)) {
        constexpr std::string_view digest = "digest=";
        if (line.starts_with(digest))
            state.digest = line.substr(digest.size());
        else if (line == "down")
            state.down = true;
        else if (line == "hang")
            state.hangs = true;
        else if (!line.empty())
            return fail(
                ErrorKind::misconfigured,
                fmt::format("the state file '{}' has the line '{}', expected digest=TEXT, down or hang", file, line));
    }
    return state;
}

}  // namespace embedq::simulated

#include "notifiers/postgres_listen/address.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string_view>

namespace embedq::notifiers {
namespace {

using ConnectionOptions = std::map<std::string, std::string>;

constexpr std::string_view expected_form = "expected postgresql://user:password@host:port/database";

// A dead session is noticed within half a minute, even while nothing is sent.
constexpr std::array<std::pair<const char*, const char*>, 5> default_options = {{
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "15000"},
    {"fallback_application_name", "embedq postgres_listen"},
}};

std::unexpected<Error> unreadable(std::string_view problem, std::string_view hint = expected_form) {
    return fail(ErrorKind::misconfigured, "postgres_listen: the URL cannot be read: " + std::string(problem),
                std::string(hint));
}

// A '/' or '@' in the password ends it early, and the rest of it would be shown by every error.
bool may_hold_password(const std::string& host_or_database) {
    const std::size_t at = host_or_database.find('@');
    return at != std::string::npos && at > 0;  // a host may begin with '@': an abstract socket
}

Result<ConnectionOptions> read(const std::string& url) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(url.c_str(), &message),
                                                                              PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> freed(message, PQfreemem);
    if (parsed == nullptr) {
        const std::string_view problem = message == nullptr ? "out of memory" : message;
        std::string_view shown = problem.substr(0, problem.find('"'));  // libpq quotes parts of the URL
        while (!shown.empty() && (shown.back() == ' ' || shown.back() == ':' || shown.back() == '\n'))
            shown.remove_suffix(1);
        return unreadable(shown);
    }
    ConnectionOptions options;
    for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) options.emplace(option->keyword, option->val);
    }
    return options;
}

std::vector<std::string> split(const ConnectionOptions& options, const std::string& keyword) {
    const auto found = options.find(keyword);
    if (found == options.end()) return {};
    std::vector<std::string> parts;
    std::string_view rest = found->second;
    for (;;) {
        const std::size_t comma = rest.find(',');
        parts.emplace_back(rest.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        rest.remove_prefix(comma + 1);
    }
}

// The part for the i-th host; one port may be given for all.
std::string part(const std::vector<std::string>& parts, std::size_t i) {
    if (parts.empty()) return {};
    return parts.size() == 1 ? parts.front() : parts.at(i);
}

bool is_port(const std::string& text) {
    return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<Address> parse_address(const std::string& url) {
    auto read_options = read(url);
    if (!read_options) return std::unexpected(read_options.error());
    ConnectionOptions& options = *read_options;

    const auto hosts = split(options, "host");
    const auto addresses = split(options, "hostaddr");
    const auto ports = split(options, "port");
    if (std::ranges::any_of(hosts, may_hold_password) ||
        (options.contains("dbname") && may_hold_password(options["dbname"]))) {
        return unreadable("there is an '@' in the host or in the database",
                          "write '/' and '@' in a password as %2F and %40");
    }
    const std::size_t count = std::max<std::size_t>({hosts.size(), addresses.size(), 1});
    for (const auto* parts : {&hosts, &addresses, &ports}) {
        if (parts->size() > 1 && parts->size() != count)
            return unreadable("it has more or fewer hosts than ports or addresses");
    }
    if (!std::ranges::all_of(ports, is_port)) return unreadable("a port is not a number");

    for (const auto& [keyword, value] : default_options) options.try_emplace(keyword, value);
    if (count > 1) options.try_emplace("target_session_attrs", "primary");

    Address address;
    for (std::size_t i = 0; i < count; ++i) {
        ConnectionOptions one = options;
        for (const auto& [keyword, parts] :
             {std::pair("host", &hosts), std::pair("hostaddr", &addresses), std::pair("port", &ports)}) {
            const std::string value = part(*parts, i);
            if (value.empty()) {
                one.erase(keyword);
            } else {
                one[keyword] = value;
            }
        }
        const std::string host = one.contains("host") ? one["host"] : one["hostaddr"];
        address.name +=
            (i == 0 ? "" : ",") + (host.empty() ? "localhost" : host) + (one.contains("port") ? ":" + one["port"] : "");
        std::erase_if(one, [](const auto& each) { return each.second.empty(); });
        address.hosts.emplace_back(one.begin(), one.end());
    }
    if (const auto database = options.find("dbname"); database != options.end()) address.name += "/" + database->second;
    return address;
}

}  // namespace embedq::notifiers

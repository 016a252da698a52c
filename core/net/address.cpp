#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace embedq::net {
namespace {

struct Range {
    const char* network;
    const char* what;
    const char* source;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry and multicast. Of two overlapping ranges, the narrower
// one is first.
constexpr Range ranges_v4[] = {
    {"0.0.0.0/32", "unspecified", "RFC 1122"},
    {"0.0.0.0/8", "this network", "RFC 791"},
    {"10.0.0.0/8", "private", "RFC 1918"},
    {"100.64.0.0/10", "carrier-grade NAT", "RFC 6598"},
    {"127.0.0.0/8", "loopback", "RFC 1122"},
    {"169.254.0.0/16", "link-local", "RFC 3927"},  // cloud metadata services among them
    {"172.16.0.0/12", "private", "RFC 1918"},
    {"192.0.0.0/24", "protocol assignments", "RFC 6890"},
    {"192.0.2.0/24", "documentation", "RFC 5737"},
    {"192.31.196.0/24", "AS112", "RFC 7535"},
    {"192.52.193.0/24", "automatic multicast tunnelling", "RFC 7450"},
    {"192.88.99.0/24", "6to4 relays", "RFC 7526"},
    {"192.168.0.0/16", "private", "RFC 1918"},
    {"192.175.48.0/24", "AS112", "RFC 7534"},
    {"198.18.0.0/15", "benchmarking", "RFC 2544"},
    {"198.51.100.0/24", "documentation", "RFC 5737"},
    {"203.0.113.0/24", "documentation", "RFC 5737"},
    {"224.0.0.0/4", "multicast", "RFC 5771"},
    {"255.255.255.255/32", "broadcast", "RFC 919"},
    {"240.0.0.0/4", "reserved", "RFC 1112"},
};

// https://www.iana.org/assignments/iana-ipv6-special-registry and the special ranges of RFC 4291.
constexpr Range ranges_v6[] = {
    {"::/128", "unspecified", "RFC 4291"},
    {"::1/128", "loopback", "RFC 4291"},
    {"::ffff:0:0/96", "IPv4-mapped", "RFC 4291"},
    {"::/96", "IPv4-compatible", "RFC 4291"},
    {"64:ff9b::/96", "NAT64", "RFC 6052"},
    {"64:ff9b:1::/48", "NAT64", "RFC 8215"},
    {"100::/64", "discard-only", "RFC 6666"},
    {"100:0:0:1::/64", "dummy prefix", "RFC 9780"},
    {"2001::/32", "Teredo", "RFC 4380"},
    {"2001:2::/48", "benchmarking", "RFC 5180"},
    {"2001::/23", "protocol assignments", "RFC 2928"},
    {"2001:db8::/32", "documentation", "RFC 3849"},
    {"2002::/16", "6to4", "RFC 3056"},
    {"2620:4f:8000::/48", "AS112", "RFC 7534"},
    {"3fff::/20", "documentation", "RFC 9637"},
    {"5f00::/16", "segment routing", "RFC 9602"},
    {"fc00::/7", "unique local", "RFC 4193"},
    {"fe80::/10", "link-local", "RFC 4291"},
    {"fec0::/10", "site-local", "RFC 3879"},
    {"ff00::/8", "multicast", "RFC 4291"},
};

constexpr const char* global_unicast = "2000::/3";

bool same_bits(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(whole), other.begin())) return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((one[whole] ^ other[whole]) >> (8U - rest)) == 0;
}

}  // namespace

std::optional<Address> address_of(const sockaddr* address) {
    Address made;
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        std::memcpy(made.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
        return made;
    }
    if (address->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    made.v6 = true;
    std::memcpy(made.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    return made;
}

std::optional<Address> parse_address(std::string_view text) {
    const std::string terminated(text);
    Address made;
    if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
    if (inet_pton(AF_INET, terminated.c_str(), made.bytes.data()) == 1) return made;
    made.v6 = true;
    if (inet_pton(AF_INET6, terminated.c_str(), made.bytes.data()) == 1) return made;
    return std::nullopt;
}

std::string to_string(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
    return text.data();
}

Result<Network> Network::parse(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return fail(
            ErrorKind::invalid_argument,
            fmt::format("'{}' is not a network: expected an address and a prefix such as 10.0.0.0/8 or fd00::/8{}",
                        text, why));
    };
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return refuse("");
    Network made;
    made.address_ = *address;
    made.prefix_ = address->v6 ? 128 : 32;
    if (slash == std::string_view::npos) return made;
    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > made.prefix_) {
        return refuse(fmt::format(", with a prefix from 0 to {}", made.prefix_));
    }
    made.prefix_ = prefix;
    for (unsigned bit = prefix; bit < (address->v6 ? 128U : 32U); ++bit) {
        if ((address->bytes[bit / 8] >> (7U - bit % 8) & 1U) != 0)
            return refuse(fmt::format(", with no bit set after the first {}", prefix));
    }
    return made;
}

bool Network::contains(const Address& address) const {
    return address.v6 == address_.v6 && same_bits(address.bytes, address_.bytes, prefix_);
}

std::optional<std::string> special_range(const Address& address) {
    const auto within = [&](const char* network) { return Network::parse(network).value().contains(address); };
    for (const Range& range : address.v6 ? std::span<const Range>(ranges_v6) : std::span<const Range>(ranges_v4)) {
        if (within(range.network)) return fmt::format("{} ({}, {})", range.what, range.network, range.source);
    }
    if (address.v6 && !within(global_unicast))
        return fmt::format("outside of global unicast ({}, RFC 4291)", global_unicast);
    return std::nullopt;
}

}  // namespace embedq::net

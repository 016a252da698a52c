// The address guard: which IP addresses are not part of the public internet.
//
// Thread-safety: pure functions and plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/error.h"

struct sockaddr;

namespace embedq::net {

struct Address {
    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{};  // the first four of an IPv4 address; in network order

    friend bool operator==(const Address&, const Address&) = default;
};

// Of AF_INET and AF_INET6; nothing of others.
[[nodiscard]] std::optional<Address> address_of(const sockaddr* address);

// "192.0.2.1", "2001:db8::1"; nothing if it is spelled another way, or has a zone.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

[[nodiscard]] std::string to_string(const Address& address);

// A range of addresses, "10.0.0.0/8" or "fd00::/8"; a lone address is a range of one.
class Network {
public:
    // `invalid_argument` says what was found and what was expected; the bits after the prefix must be 0.
    [[nodiscard]] static Result<Network> parse(std::string_view text);
    [[nodiscard]] bool contains(const Address& address) const;

private:
    Address address_;
    unsigned prefix_ = 0;
};

// Why documents are not fetched from the address, as "loopback (127.0.0.0/8, RFC 1122)"; nothing for an address of the
// public internet. The ranges are those of the IANA registries of special-purpose addresses, IPv4 and IPv6 (RFC 6890),
// multicast, and all of IPv6 that is not global unicast (2000::/3, RFC 4291). An IPv6 address that contains an IPv4
// address (mapped, compatible, NAT64, 6to4, Teredo) is refused whatever that is: the IPv4 address itself can be used.
[[nodiscard]] std::optional<std::string> special_range(const Address& address);

}  // namespace embedq::net

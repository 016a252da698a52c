#include "net/address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace embedq::net {
namespace {

using testing::HasSubstr;

std::string range_of(const char* text) {
    const auto address = parse_address(text);
    if (!address) return "no address";
    return special_range(*address).value_or("public");
}

TEST(SpecialRange, has_every_range_with_its_edges) {
    const std::pair<const char*, const char*> cases[] = {
        {"0.0.0.0", "unspecified (0.0.0.0/32, RFC 1122)"},
        {"0.255.255.255", "this network (0.0.0.0/8, RFC 791)"},
        {"1.0.0.0", "public"},
        {"9.255.255.255", "public"},
        {"10.0.0.0", "private (10.0.0.0/8, RFC 1918)"},
        {"10.255.255.255", "private"},
        {"11.0.0.0", "public"},
        {"100.63.255.255", "public"},
        {"100.64.0.0", "carrier-grade NAT (100.64.0.0/10, RFC 6598)"},
        {"100.127.255.255", "carrier-grade NAT"},
        {"100.128.0.0", "public"},
        {"126.255.255.255", "public"},
        {"127.0.0.1", "loopback (127.0.0.0/8, RFC 1122)"},
        {"127.255.255.255", "loopback"},
        {"128.0.0.0", "public"},
        {"169.253.255.255", "public"},
        {"169.254.169.254", "link-local (169.254.0.0/16, RFC 3927)"},
        {"169.255.0.0", "public"},
        {"172.15.255.255", "public"},
        {"172.16.0.0", "private (172.16.0.0/12, RFC 1918)"},
        {"172.31.255.255", "private"},
        {"172.32.0.0", "public"},
        {"192.0.0.8", "protocol assignments (192.0.0.0/24, RFC 6890)"},
        {"192.0.1.0", "public"},
        {"192.0.2.1", "documentation (192.0.2.0/24, RFC 5737)"},
        {"192.0.3.0", "public"},
        {"192.31.196.1", "AS112"},
        {"192.52.193.1", "automatic multicast"},
        {"192.88.99.1", "6to4 relays (192.88.99.0/24, RFC 7526)"},
        {"192.167.255.255", "public"},
        {"192.168.0.0", "private (192.168.0.0/16, RFC 1918)"},
        {"192.168.255.255", "private"},
        {"192.169.0.0", "public"},
        {"192.175.48.1", "AS112"},
        {"198.17.255.255", "public"},
        {"198.18.0.0", "benchmarking (198.18.0.0/15, RFC 2544)"},
        {"198.19.255.255", "benchmarking"},
        {"198.20.0.0", "public"},
        {"198.51.100.7", "documentation"},
        {"203.0.113.7", "documentation"},
        {"223.255.255.255", "public"},
        {"224.0.0.1", "multicast (224.0.0.0/4, RFC 5771)"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.0", "reserved (240.0.0.0/4, RFC 1112)"},
        {"255.255.255.254", "reserved"},
        {"255.255.255.255", "broadcast (255.255.255.255/32, RFC 919)"},
        {"::", "unspecified (::/128, RFC 4291)"},
        {"::1", "loopback (::1/128, RFC 4291)"},
        {"::ffff:8.8.8.8", "IPv4-mapped (::ffff:0:0/96, RFC 4291)"},
        {"::ffff:127.0.0.1", "IPv4-mapped"},
        {"::8.8.8.8", "IPv4-compatible (::/96, RFC 4291)"},
        {"64:ff9b::8.8.8.8", "NAT64 (64:ff9b::/96, RFC 6052)"},
        {"64:ff9b:1::1", "NAT64 (64:ff9b:1::/48, RFC 8215)"},
        {"64:ff9b:2::1", "outside of global unicast"},
        {"100::1", "discard-only (100::/64, RFC 6666)"},
        {"100:0:0:1::1", "dummy prefix"},
        {"2001::1", "Teredo (2001::/32, RFC 4380)"},
        {"2001:2::1", "benchmarking (2001:2::/48, RFC 5180)"},
        {"2001:1ff:ffff::1", "protocol assignments (2001::/23, RFC 2928)"},
        {"2001:200::1", "public"},
        {"2001:db7:ffff::1", "public"},
        {"2001:db8::1", "documentation (2001:db8::/32, RFC 3849)"},
        {"2001:db9::1", "public"},
        {"2002:0808:0808::1", "6to4 (2002::/16, RFC 3056)"},
        {"2003::1", "public"},
        {"2606:4700::1111", "public"},
        {"2620:4f:8000::1", "AS112"},
        {"3fff::1", "documentation (3fff::/20, RFC 9637)"},
        {"3fff:1000::1", "public"},
        {"4000::1", "outside of global unicast (2000::/3, RFC 4291)"},
        {"1fff::1", "outside of global unicast"},
        {"5f00::1", "segment routing"},
        {"fc00::1", "unique local (fc00::/7, RFC 4193)"},
        {"fdff::1", "unique local"},
        {"fe80::1", "link-local (fe80::/10, RFC 4291)"},
        {"febf::1", "link-local"},
        {"fec0::1", "site-local (fec0::/10, RFC 3879)"},
        {"ff02::1", "multicast (ff00::/8, RFC 4291)"},
    };
    for (const auto& [address, range] : cases) EXPECT_THAT(range_of(address), HasSubstr(range)) << address;
}

TEST(Addresses, are_read_in_one_spelling_only) {
    for (const char* text : {"", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.0.0.1 ", "fe80::1%eth0",
                             "[::1]", "::g", "1.2.3.4.5"}) {
        EXPECT_EQ(parse_address(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_address(std::string_view("127.0.0.1\0x", 11)), std::nullopt);
    EXPECT_EQ(to_string(*parse_address("2001:DB8:0::1")), "2001:db8::1");
    EXPECT_EQ(to_string(*parse_address("8.8.4.4")), "8.8.4.4");
}

TEST(Addresses, come_from_sockets) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(0x7F000001);
    EXPECT_EQ(address_of(reinterpret_cast<const sockaddr*>(&v4)), parse_address("127.0.0.1"));
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    EXPECT_EQ(address_of(reinterpret_cast<const sockaddr*>(&v6)), parse_address("::1"));
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    EXPECT_EQ(address_of(reinterpret_cast<const sockaddr*>(&path)), std::nullopt);
}

TEST(Networks, contain_the_addresses_with_their_prefix) {
    const auto holds = [](const char* network, const char* address) {
        return Network::parse(network)->contains(*parse_address(address));
    };
    EXPECT_TRUE(holds("10.1.0.0/16", "10.1.255.255"));
    EXPECT_FALSE(holds("10.1.0.0/16", "10.2.0.0"));
    EXPECT_TRUE(holds("192.168.7.9", "192.168.7.9"));
    EXPECT_FALSE(holds("192.168.7.9", "192.168.7.8"));
    EXPECT_TRUE(holds("0.0.0.0/0", "127.0.0.1"));
    EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
    EXPECT_FALSE(holds("127.0.0.0/8", "::ffff:127.0.0.1"));
    EXPECT_TRUE(holds("::/0", "fe80::1"));
    EXPECT_TRUE(holds("2001:db8:8000::/33", "2001:db8:ffff::1"));
    EXPECT_FALSE(holds("2001:db8:8000::/33", "2001:db8:7fff::1"));
}

TEST(Networks, are_refused_with_the_reason) {
    const auto why = [](const char* text) { return to_string(Network::parse(text).error()); };
    EXPECT_THAT(why("localhost"),
                HasSubstr("'localhost' is not a network: expected an address and a prefix such as 10.0.0.0/8"));
    EXPECT_THAT(why("10.0.0.0/33"), HasSubstr("a prefix from 0 to 32"));
    EXPECT_THAT(why("10.0.0.0/"), HasSubstr("a prefix from 0 to 32"));
    EXPECT_THAT(why("10.0.0.0/8x"), HasSubstr("a prefix from 0 to 32"));
    EXPECT_THAT(why("fd00::/129"), HasSubstr("a prefix from 0 to 128"));
    EXPECT_THAT(why("10.0.0.1/8"), HasSubstr("with no bit set after the first 8"));
}

}  // namespace
}  // namespace embedq::net

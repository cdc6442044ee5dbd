package outbound

import (
	"net/netip"
	"slices"
)

// block is a range of addresses that is never called unless the configuration
// names it (IANA special-purpose registries, RFC 6890).
type block struct {
	prefix netip.Prefix
	what   string
}

// metadata are addresses at which cloud machines get credentials: of AWS (which
// most others share), its containers, Alibaba and Azure. They lie in ranges that
// an operator may well allow, and are never meant by that.
func metadata() []netip.Addr {
	return []netip.Addr{
		netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254"),
		netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("169.254.170.23"), netip.MustParseAddr("fd00:ec2::23"),
		netip.MustParseAddr("100.100.100.200"),
		netip.MustParseAddr("168.63.129.16"),
	}
}

// blocks returns the ranges. The first that matches names the reason.
func blocks() []block {
	var list []block
	add := func(what string, prefixes ...string) {
		for _, prefix := range prefixes {
			list = append(list, block{netip.MustParsePrefix(prefix), what})
		}
	}
	add("this machine", "127.0.0.0/8", "::1/128")
	add("unspecified", "0.0.0.0/8", "::/128") // reaches this machine on many systems
	add("private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")
	add("link-local", "169.254.0.0/16", "fe80::/10")
	add("carrier-grade NAT", "100.64.0.0/10")
	add("multicast", "224.0.0.0/4", "ff00::/8")
	add("documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
	add("benchmarking", "198.18.0.0/15", "2001:2::/48")
	add("reserved", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "100::/64", "2001::/23", "5f00::/16")
	// These carry an IPv4 address inside, which could be any of the above.
	add("NAT64", "64:ff9b::/96", "64:ff9b:1::/48")
	add("6to4", "2002::/16")
	add("IPv4-compatible", "::/96")
	return list
}

// addressGuard decides which addresses may be called.
type addressGuard struct {
	never   []netip.Addr
	allowed []netip.Prefix
	blocked []block
}

func newAddressGuard(allowed []netip.Prefix) addressGuard {
	return addressGuard{never: metadata(), allowed: allowed, blocked: blocks()}
}

// refusal returns why an address is not called, or "".
func (g addressGuard) refusal(address netip.Addr) string {
	// ::ffff:127.0.0.1 is 127.0.0.1, and a zone does not change where it is.
	address = address.Unmap().WithZone("")
	if slices.Contains(g.never, address) {
		return "cloud metadata"
	}
	for _, prefix := range g.allowed {
		if prefix.Contains(address) {
			return ""
		}
	}
	for _, b := range g.blocked {
		if b.prefix.Contains(address) {
			return b.what
		}
	}
	// All of the public IPv6 internet is in here (RFC 4291, section 2.4).
	if address.Is6() && !netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3).Contains(address) {
		return "not public"
	}
	if !address.IsValid() {
		return "no address"
	}
	return ""
}

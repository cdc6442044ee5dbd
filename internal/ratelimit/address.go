package ratelimit

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// MaxProxies is how many proxies may be trusted.
const MaxProxies = 8

// forwardedFor is where proxies say for whom they call, each adding at the end who
// called it.
const forwardedFor = "X-Forwarded-For"

// subscriber is what one subscriber gets of IPv6 (RFC 6177), in bits.
const subscriber = 64

// Address is the client's address, as a client's name for [Limiter.Take]. Behind
// that many trusted proxies it is the one that the outermost of them saw; what
// stands before it was written by the caller and is not looked at. Without
// proxies, with fewer entries than proxies and with one that is no address, it is
// the address that the connection came from.
func Address(r *http.Request, proxies int) string {
	if address, found := forwarded(r.Header.Values(forwardedFor), proxies); found {
		return name(address)
	}
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown" // all of them are one client: that of a unix socket, say
	}
	return name(connection.Addr())
}

// forwarded returns the entry that many places from the end.
func forwarded(headers []string, proxies int) (netip.Addr, bool) {
	if proxies < 1 {
		return netip.Addr{}, false
	}
	for i := len(headers) - 1; i >= 0; i-- {
		rest := headers[i]
		for more := true; more; proxies-- {
			entry := rest
			at := strings.LastIndexByte(rest, ',')
			if more = at >= 0; more {
				rest, entry = rest[:at], rest[at+1:]
			}
			if proxies == 1 {
				return parse(strings.TrimSpace(entry))
			}
		}
	}
	return netip.Addr{}, false
}

// parse takes the spellings that proxies use: with a port and without, IPv6 in
// brackets and not.
func parse(entry string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(entry); err == nil {
		entry = host
	}
	entry = strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")
	address, err := netip.ParseAddr(entry)
	return address, err == nil
}

func name(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(subscriber)
	if err != nil {
		return "unknown"
	}
	return network.String()
}

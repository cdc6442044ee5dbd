package outbound

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// addressCases are the first and last addresses of each range that is blocked,
// and their neighbours outside.
var addressCases = []struct {
	address string
	why     string // "" is called
}{
	{"1.1.1.1", ""}, {"9.255.255.255", ""}, {"2606:4700::1111", ""}, {"2a00:1450::1", ""}, {"::ffff:1.1.1.1", ""},
	{"127.0.0.1", "this machine"}, {"127.255.255.255", "this machine"}, {"126.255.255.255", ""}, {"128.0.0.0", ""},
	{"::1", "this machine"}, {"::1%lo", "this machine"}, {"::ffff:127.0.0.1", "this machine"}, {"::ffff:7f00:1", "this machine"},
	{"0.0.0.0", "unspecified"}, {"0.255.255.255", "unspecified"}, {"1.0.0.0", ""}, {"::", "unspecified"}, {"::ffff:0.0.0.0", "unspecified"},
	{"10.0.0.0", "private"}, {"10.255.255.255", "private"}, {"11.0.0.0", ""}, {"::ffff:10.0.0.1", "private"},
	{"172.15.255.255", ""}, {"172.16.0.0", "private"}, {"172.31.255.255", "private"}, {"172.32.0.0", ""},
	{"192.167.255.255", ""}, {"192.168.0.0", "private"}, {"192.168.255.255", "private"}, {"192.169.0.0", ""},
	{"fbff::", "not public"}, {"fc00::", "private"}, {"fd00::1", "private"}, {"fdff:ffff::", "private"}, {"fec0::1", "private"},
	{"169.253.255.255", ""}, {"169.254.0.0", "link-local"}, {"169.254.255.255", "link-local"}, {"169.255.0.0", ""},
	{"fe80::1", "link-local"}, {"fe80::1%eth0", "link-local"}, {"febf::", "link-local"},
	{"169.254.169.254", "cloud metadata"}, {"::ffff:169.254.169.254", "cloud metadata"}, {"169.254.170.2", "cloud metadata"},
	{"169.254.170.23", "cloud metadata"}, {"100.100.100.200", "cloud metadata"}, {"168.63.129.16", "cloud metadata"},
	{"fd00:ec2::254", "cloud metadata"}, {"fd00:ec2::23", "cloud metadata"},
	{"100.63.255.255", ""}, {"100.64.0.0", "carrier-grade NAT"}, {"100.127.255.255", "carrier-grade NAT"}, {"100.128.0.0", ""},
	{"223.255.255.255", ""}, {"224.0.0.1", "multicast"}, {"239.255.255.255", "multicast"}, {"ff02::1", "multicast"},
	{"192.0.2.1", "documentation"}, {"198.51.100.1", "documentation"}, {"203.0.113.255", "documentation"}, {"203.0.114.0", ""},
	{"2001:db8::1", "documentation"}, {"3fff::1", "documentation"}, {"3fff:1000::", ""},
	{"198.17.255.255", ""}, {"198.18.0.0", "benchmarking"}, {"198.19.255.255", "benchmarking"}, {"198.20.0.0", ""}, {"2001:2::1", "benchmarking"},
	{"192.0.0.8", "reserved"}, {"192.88.99.1", "reserved"}, {"240.0.0.0", "reserved"}, {"255.255.255.255", "reserved"},
	{"100::1", "reserved"}, {"2001::1", "reserved"}, {"2001:1ff:ffff::", "reserved"}, {"2001:200::", ""}, {"5f00::1", "reserved"},
	{"64:ff9b::1.1.1.1", "NAT64"}, {"64:ff9b::127.0.0.1", "NAT64"}, {"64:ff9b:1::a00:1", "NAT64"},
	{"2002:7f00:1::", "6to4"}, {"::127.0.0.1", "IPv4-compatible"}, {"::2", "IPv4-compatible"},
	{"1fff:ffff::", "not public"}, {"2000::", ""}, {"4000::", "not public"},
}

func TestConnectionsAreJudgedByTheirAddress(t *testing.T) {
	t.Parallel()
	client := mustClient(t, Config{})
	for _, c := range addressCases {
		err := client.control("tcp", net.JoinHostPort(c.address, "443"), nil)
		if c.why == "" {
			if err != nil {
				t.Errorf("%s: %v", c.address, err)
			}
			continue
		}
		var refused *Error
		if want := "the address is not called (" + c.why + ")"; !errors.As(err, &refused) || refused.Code != CodeBlocked || refused.Detail != want {
			t.Errorf("%s: %v, want %s: %s", c.address, err, CodeBlocked, want)
		}
	}
	if err := client.control("unix", "/run/x.sock", nil); CodeOf(err) != CodeBlocked {
		t.Errorf("a socket: %v", err)
	}
}

func TestAllowedNetworksAreCalledExceptForMetadata(t *testing.T) {
	t.Parallel()
	var allowed []netip.Prefix
	for _, prefix := range []string{"10.1.0.0/16", "127.0.0.1/32", "169.254.0.0/16", "fc00::/7", "64:ff9b::/96"} {
		allowed = append(allowed, netip.MustParsePrefix(prefix))
	}
	client := mustClient(t, Config{AllowPrivateNetworks: allowed})
	for address, good := range map[string]bool{
		"10.0.255.255": false, "10.1.0.0": true, "10.1.255.255": true, "10.2.0.0": false, "::ffff:10.1.0.1": true, "1.1.1.1": true,
		"127.0.0.1": true, "127.0.0.2": false, "::1": false, "169.254.169.253": true, "169.254.169.254": false,
		"fd00::1": true, "fd00:ec2::254": false, "64:ff9b::1.1.1.1": true,
	} {
		err := client.control("tcp", net.JoinHostPort(address, "443"), nil)
		if good && err != nil || !good && CodeOf(err) != CodeBlocked {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestNoSpellingOfAnIPv4AddressIsTreatedMoreKindly(t *testing.T) {
	t.Parallel()
	guard := newAddressGuard(nil)
	rapid.Check(t, func(t *rapid.T) {
		var four [4]byte
		binary.BigEndian.PutUint32(four[:], rapid.Uint32().Draw(t, "address"))
		address := netip.AddrFrom4(four)
		mapped := netip.AddrFrom16(address.As16())
		if a, b := guard.refusal(address), guard.refusal(mapped); a != b {
			t.Fatalf("%s is %q, %s is %q", address, a, mapped, b)
		}
		// The standard library's own idea of what is not public is covered.
		if (address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast() || address.IsMulticast() || address.IsUnspecified()) &&
			guard.refusal(address) == "" {
			t.Fatalf("%s is called", address)
		}
	})
}

// nameServer resolves every name to one address, as a hostile one would.
func nameServer(address netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer ours.Close()
			for answerName(ours, address) == nil {
				continue
			}
		}()
		return theirs, nil
	}}
}

// answerName answers one DNS query over a stream (RFC 1035, section 4).
func answerName(conn net.Conn, address netip.Addr) error {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5] // name, type, class
	asked := binary.BigEndian.Uint16(question[len(question)-4:])
	has, data := uint16(28), address.AsSlice() // AAAA
	if address.Is4() {
		has = 1 // A
	}
	answers := byte(0)
	if asked == has {
		answers = 1
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0}, question...)
	if answers == 1 {
		reply = append(reply, 0xc0, 12, byte(has>>8), byte(has), 0, 1, 0, 0, 0, 0, 0, byte(len(data)))
		reply = append(reply, data...)
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
	return err
}

func TestNamesThatResolveToBlockedAddressesAreNotCalled(t *testing.T) {
	t.Parallel()
	for _, c := range addressCases {
		address := netip.MustParseAddr(c.address)
		if c.why == "" || address.Zone() != "" || address.Is4In6() {
			continue
		}
		t.Run(c.address, func(t *testing.T) {
			t.Parallel()
			client := mustClient(t, Config{Resolver: nameServer(address)})
			_, err := client.Get(t.Context(), "https://status.vendor.test/list", "", "")
			var refused *Error
			if !errors.As(err, &refused) || refused.Code != CodeBlocked || !strings.Contains(refused.Detail, c.why) {
				t.Errorf("%v, want %s (%s)", err, CodeBlocked, c.why)
			}
		})
	}
}

func TestLocalhostIsNotCalled(t *testing.T) {
	t.Parallel()
	if _, err := mustClient(t, Config{}).Get(t.Context(), "https://localhost/", "", ""); CodeOf(err) != CodeBlocked {
		t.Errorf("%v", err)
	}
}

func ExampleError() {
	client, err := New(Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Get(context.Background(), "https://169.254.169.254/latest/meta-data/", "", "")
	fmt.Println(err)
	fmt.Println(CodeOf(err))
	// Output:
	// outbound: fetch_blocked: 169.254.169.254: the address is not called (cloud metadata)
	// fetch_blocked
}

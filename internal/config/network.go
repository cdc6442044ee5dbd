package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
)

var networkType = reflect.TypeFor[netip.Prefix]()

// parseNetwork tells whoever writes an address that a network is meant.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return network, fmt.Errorf("%q is not a network; write one such as 10.20.0.0/16", text)
	}
	return network, nil
}

// unmarshalNetwork reads networks, in lists and by themselves.
func unmarshalNetwork(n *netip.Prefix, text []byte) (err error) {
	*n, err = parseNetwork(strings.Trim(string(text), "\"' \n"))
	return err
}

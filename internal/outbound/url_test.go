package outbound

import (
	"errors"
	"strings"
	"testing"
)

func TestURLsAreJudgedBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	strict := mustClient(t, Config{})
	plain := mustClient(t, Config{InsecureAllowHTTP: true, AllowPorts: []uint16{8443}})
	chosen := mustClient(t, Config{AllowHosts: []string{"Vendor.Example", "1.1.1.1"}})
	long := "https://vendor.example/" + strings.Repeat("x", MaxURLLength-len("https://vendor.example/"))
	name := func(size int) string { return strings.Repeat("a.", size/2) + strings.Repeat("b", size%2) }
	cases := []struct {
		client *Client
		url    string
		want   string // "" is good
	}{
		{strict, "https://vendor.example", ""},
		{strict, "https://Vendor.Example:443/status-lists/1?x=y", ""},
		{strict, "https://xn--bcher-kva.example/", ""},
		{strict, "https://1.1.1.1/", ""},
		{strict, "https://[2606:4700::1111]/", ""},
		{strict, long, ""},
		{strict, long + "x", "the URL is longer than 8192 bytes"},
		{strict, "", "the URL's scheme must be https"},
		{strict, "http://vendor.example/", "the URL's scheme must be https"},
		{strict, "file:///etc/passwd", "the URL's scheme must be https"},
		{strict, "gopher://vendor.example/", "the URL's scheme must be https"},
		{strict, "vendor.example", "the URL's scheme must be https"},
		{strict, "//vendor.example/", "the URL's scheme must be https"},
		{strict, "https:vendor.example", "the URL has no host"},
		{strict, "https:///path", "the URL has no host"},
		{strict, "https://user@vendor.example/", "the URL has a user name or password in it"},
		{strict, "https://user:pass@vendor.example/", "the URL has a user name or password in it"},
		{strict, "https://@vendor.example/", "the URL has a user name or password in it"},
		{strict, "https://vendor.example/#x", "the URL has a fragment"},
		{strict, "https://vendor.example/#", "the URL has a fragment"},
		{strict, "https://vendor.example:22/", "port 22 is not allowed; the operator can allow it"},
		{strict, "https://vendor.example:80/", "port 80 is not allowed; the operator can allow it"},
		{strict, "https://vendor.example:8443/", "port 8443 is not allowed; the operator can allow it"},
		{strict, "https://vendor.example:65979/", "port 65979 is not allowed; the operator can allow it"}, // 443 + 65536
		{strict, "https://vendor.example:/", "the URL has an empty port"},
		{strict, "https://vendor.example\n/", "not a URL"},
		{strict, "https://[::1/", "not a URL"},
		{strict, "https://127.0.0.1/", "the address is not called (this machine)"},
		{strict, "https://[::1]/", "the address is not called (this machine)"},
		{strict, "https://[::ffff:127.0.0.1]/", "the address is not called (this machine)"},
		{strict, "https://[fe80::1%25eth0]/", "the address is not called (link-local)"},
		{strict, "https://169.254.169.254/", "the address is not called (cloud metadata)"},
		{strict, "https://0177.0.0.1/", "the host is a number, but not an IP address in its usual form"},
		{strict, "https://127.1/", "the host is a number, but not an IP address in its usual form"},
		{strict, "https://0x7f000001/", "the host is a number, but not an IP address in its usual form"},
		{strict, "https://2130706433/", "the host is a number, but not an IP address in its usual form"},
		{strict, "https://010.0.0.1/", "the host is a number, but not an IP address in its usual form"},
		{strict, "https://vendor.example./", "the host's name has a part that is empty or too long"},
		{strict, "https://vendor..example/", "the host's name has a part that is empty or too long"},
		{strict, "https://" + strings.Repeat("a", 63) + ".example/", ""},
		{strict, "https://" + strings.Repeat("a", 64) + ".example/", "the host's name has a part that is empty or too long"},
		{strict, "https://" + name(253) + "/", ""},
		{strict, "https://a" + name(253) + "/", "the host's name is too long"},
		{strict, "https://bücher.example/", "the host's name has a character that host names do not have"},
		{strict, "https://vendor。example/", "the host's name has a character that host names do not have"},
		{strict, "https://vendor%2eexample/", "not a URL"},
		{plain, "http://vendor.example:80/", ""},
		{plain, "https://vendor.example:8443/", ""},
		{plain, "http://vendor.example:443/", "port 443 is not allowed; the operator can allow it"},
		{plain, "ftp://vendor.example/", "the URL's scheme must be https"},
		{chosen, "https://VENDOR.example/", ""},
		{chosen, "https://1.1.1.1/", ""},
		{chosen, "https://other.example/", "the host is not among those allowed"},
		{chosen, "https://a.vendor.example/", "the host is not among those allowed"},
		{chosen, "https://1.0.0.1/", "the host is not among those allowed"},
	}
	for _, c := range cases {
		err := c.client.CheckURL(c.url)
		if c.want == "" {
			if err != nil {
				t.Errorf("%.80s: %v", c.url, err)
			}
			continue
		}
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != CodeBlocked || refused.Detail != c.want {
			t.Errorf("%.80s: %v, want %s: %s", c.url, err, CodeBlocked, c.want)
		}
		if _, err := c.client.Get(t.Context(), c.url, "", ""); CodeOf(err) != CodeBlocked {
			t.Errorf("Get %.80s: %v", c.url, err)
		}
	}
}

func TestFieldsAreCheckedWithTheirNames(t *testing.T) {
	t.Parallel()
	var missing *Client
	if err := missing.CheckField("URL", "https://vendor.example/"); err == nil || err.Error() != "Client is missing" {
		t.Errorf("without a client: %v", err)
	}
	client := mustClient(t, Config{})
	if err := client.CheckField("URL", "https://vendor.example/"); err != nil {
		t.Errorf("a good one: %v", err)
	}
	err := client.CheckField("LoginURL", "http://vendor.example/")
	if CodeOf(err) != CodeBlocked || err.Error() != "LoginURL: outbound: fetch_blocked: the URL's scheme must be https" {
		t.Errorf("a bad one: %v", err)
	}
}

package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxURLLength is how long a URL may be, in bytes. RFC 9110, section 4.1, asks for
// at least 8000: links to the next page carry the whole state of a listing.
const MaxURLLength = 8192

// maxNameLength is how long a host name may be (RFC 1035, section 2.3.4).
const maxNameLength = 253

// CheckURL reports with [CodeBlocked] whether the client would refuse a URL
// before making any connection. Configuration calls it, so that a bad URL stops
// the start and not the first call.
func (c *Client) CheckURL(raw string) error {
	_, err := c.to(raw).parse(raw)
	return err
}

// CheckField is CheckURL for a field of a configuration that has a field Client
// beside it: it says so when there is no client, and names the field in front of
// what is wrong with its URL.
func (c *Client) CheckField(name, raw string) error {
	if c == nil {
		return errors.New("Client is missing")
	}
	if err := c.CheckURL(raw); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (c *Client) parse(raw string) (*url.URL, error) {
	// The text itself is not repeated: it may hold a password.
	if len(raw) > MaxURLLength {
		return nil, blocked("", "the URL is longer than %d bytes", MaxURLLength)
	}
	// url.Parse drops an empty fragment.
	if strings.Contains(raw, "#") {
		return nil, blocked("", "the URL has a fragment")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, blocked("", "not a URL")
	}
	return u, c.judge(u)
}

// judge is what holds for a URL from the configuration and for a redirect's
// target alike.
func (c *Client) judge(u *url.URL) error {
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !c.cfg.InsecureAllowHTTP):
		return blocked("", "the URL's scheme must be https")
	case u.User != nil:
		return blocked("", "the URL has a user name or password in it")
	case u.Opaque != "" || u.Host == "":
		return blocked("", "the URL has no host")
	case u.Fragment != "":
		return blocked("", "the URL has a fragment")
	}
	if err := c.judgePort(u); err != nil {
		return err
	}
	return c.judgeHost(u.Hostname())
}

func (c *Client) judgePort(u *url.URL) error {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return blocked(u.Hostname(), "the URL has an empty port")
		}
		return nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	standard := u.Scheme == "https" && port == 443 || u.Scheme == "http" && port == 80
	if err != nil || !standard && !slices.Contains(c.cfg.AllowPorts, uint16(port)) {
		return blocked(u.Hostname(), "port %s is not allowed; the operator can allow it", text)
	}
	return nil
}

func (c *Client) judgeHost(host string) error {
	if address, err := netip.ParseAddr(host); err == nil {
		if why := c.addresses.refusal(address); why != "" {
			return blocked(host, "the address is not called (%s)", why)
		}
	} else if why := nameProblem(host); why != "" {
		return blocked("", "%s", why)
	}
	if len(c.cfg.AllowHosts) > 0 && !slices.Contains(c.cfg.AllowHosts, strings.ToLower(host)) {
		return blocked(host, "the host is not among those allowed")
	}
	return nil
}

// nameProblem says what is wrong with a host name, or "". Names beyond ASCII come
// as xn--…, as they do in certificates.
func nameProblem(host string) string {
	if len(host) > maxNameLength {
		return "the host's name is too long"
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return "the host's name has a part that is empty or too long"
		}
		for _, c := range []byte(label) {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
			digit := c >= '0' && c <= '9'
			if !letter && !digit && c != '-' && c != '_' {
				return "the host's name has a character that host names do not have"
			}
		}
	}
	// 127.1, 0177.0.0.1, 0x7f.1 and 2130706433 are names to us and addresses to
	// some resolvers. No top-level domain begins with a digit.
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "the host is a number, but not an IP address in its usual form"
	}
	return ""
}

func blocked(host, format string, args ...any) error {
	return &Error{Code: CodeBlocked, Host: host, Detail: fmt.Sprintf(format, args...)}
}

package verifier

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// ParseTrust reads a trust list; see [Trust] for its form. Unknown members,
// members twice and keys that are not fit are refused, and the error says where.
func ParseTrust(text []byte) (*Trust, error) {
	trust, err := parseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("verifier: trust list: %w", err)
	}
	return trust, nil
}

func parseTrust(text []byte) (*Trust, error) {
	if len(text) > MaxTrustSize {
		return nil, fmt.Errorf("more than %d bytes", MaxTrustSize)
	}
	v, err := strictjson.Parse(text)
	if err != nil {
		return nil, err
	}
	if err := onlyMembers(v, "issuers"); err != nil {
		return nil, err
	}
	list, err := array(v, "issuers", MaxIssuers)
	if err != nil {
		return nil, err
	}
	// The text is strict, so reading it a second time finds the same; this one keeps
	// the entries as they were written.
	var entries struct {
		Issuers []json.RawMessage `json:"issuers"`
	}
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, err
	}
	trust := &Trust{issuers: make(map[string]*trustedIssuer)}
	for n, e := range list {
		issuer, err := parseIssuer(e)
		if err != nil {
			return nil, fmt.Errorf("issuer %d: %w", n+1, err)
		}
		if trust.issuers[issuer.url] != nil {
			return nil, fmt.Errorf("issuer %d: %q twice", n+1, issuer.url)
		}
		issuer.text = entries.Issuers[n]
		trust.issuers[issuer.url] = issuer
	}
	return trust, nil
}

func parseIssuer(v strictjson.Value) (*trustedIssuer, error) {
	if err := onlyMembers(v, "issuer", "name", "types", "keys", "anchors", "lists", "retired", "revoked", "not_before", "stopped"); err != nil {
		return nil, err
	}
	i := &trustedIssuer{}
	var err error
	if i.url, err = secureURL(v, "issuer"); err != nil {
		return nil, err
	}
	if name, present := v.Member("name"); present {
		if name.Kind != strictjson.String {
			return nil, errors.New("name is not a string")
		}
		i.name = name.Text
	}
	if i.types, err = texts(v, "types", MaxIssuers); err != nil {
		return nil, err
	}
	if err := i.parseMechanism(v); err != nil {
		return nil, err
	}
	if err := i.parseEnded(v); err != nil {
		return nil, err
	}
	return i, i.parseLists(v)
}

// parseEnded reads what the issuer does not stand by any more.
func (i *trustedIssuer) parseEnded(v strictjson.Value) error {
	if _, given := v.Member("stopped"); given {
		var err error
		if i.stopped, err = texts(v, "stopped", MaxIssuers); err != nil {
			return err
		}
	}
	if _, given := v.Member("revoked"); given {
		ids, err := texts(v, "revoked", MaxRevokedKeys)
		if err != nil {
			return err
		}
		i.revoked = make(map[string]bool, len(ids))
		for _, id := range ids {
			i.revoked[id] = true
		}
	}
	if m, given := v.Member("not_before"); given {
		var err error
		if i.notBefore, err = instant(m); err != nil {
			return fmt.Errorf("not_before: %w", err)
		}
	}
	return i.parseRetired(v)
}

func (i *trustedIssuer) parseRetired(v strictjson.Value) error {
	if _, given := v.Member("retired"); !given {
		return nil
	}
	list, err := array(v, "retired", MaxRetiredKeys)
	if err != nil {
		return err
	}
	i.retired = make(map[string]time.Time, len(list))
	for _, e := range list {
		if err := onlyMembers(e, "kid", "at"); err != nil {
			return fmt.Errorf("retired: %w", err)
		}
		id, _ := e.Member("kid")
		if id.Kind != strictjson.String || id.Text == "" {
			return errors.New("retired: a key without kid")
		}
		if _, twice := i.retired[id.Text]; twice {
			return fmt.Errorf("retired: kid %q twice", id.Text)
		}
		at, _ := e.Member("at")
		if i.retired[id.Text], err = instant(at); err != nil {
			return fmt.Errorf("retired: at: %w", err)
		}
	}
	return nil
}

// maxInstant is the end of the year 9999, in seconds since 1970.
const maxInstant = 253402300799

// instant reads whole seconds since 1970. Zero would be the same as not to say it.
func instant(v strictjson.Value) (time.Time, error) {
	seconds, whole := v.Integer()
	if !whole || seconds < 1 || seconds > maxInstant {
		return time.Time{}, fmt.Errorf("not a number of whole seconds since 1970, 1 to %d", int64(maxInstant))
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// texts reads an array of strings that are not empty.
func texts(v strictjson.Value, name string, limit int) ([]string, error) {
	list, err := array(v, name, limit)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(list))
	for n, e := range list {
		if e.Kind != strictjson.String || e.Text == "" {
			return nil, fmt.Errorf("%s holds something other than strings", name)
		}
		all[n] = e.Text
	}
	return all, nil
}

func (i *trustedIssuer) parseMechanism(v strictjson.Value) error {
	_, pinned := v.Member("keys")
	_, anchored := v.Member("anchors")
	if pinned == anchored {
		return errors.New("give either keys or anchors: with both, a forger could choose")
	}
	if pinned {
		var err error
		i.keys, err = parseKeys(v)
		return err
	}
	anchors, err := array(v, "anchors", jose.MaxKeys)
	if err != nil {
		return err
	}
	i.anchors = x509.NewCertPool()
	for _, e := range anchors {
		der, err := base64.StdEncoding.DecodeString(e.Text)
		if err != nil || e.Kind != strictjson.String {
			return errors.New("anchors holds something other than base64")
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("anchors: %w", err)
		}
		i.anchors.AddCert(certificate)
	}
	return nil
}

func (i *trustedIssuer) parseLists(v strictjson.Value) error {
	lists, present := v.Member("lists")
	if !present {
		return errors.New("no lists: without them every badge is denied")
	}
	if err := onlyMembers(lists, "under", "aggregation", "events", "keys"); err != nil {
		return fmt.Errorf("lists: %w", err)
	}
	var err error
	if i.lists.under, err = secureURL(lists, "under"); err != nil {
		return fmt.Errorf("lists: %w", err)
	}
	if !strings.HasSuffix(i.lists.under, "/") {
		return fmt.Errorf("lists: under is %q; end it in a slash, or https://host would cover https://host.evil", i.lists.under)
	}
	if i.lists.aggregation, err = optionalURL(lists, "aggregation"); err != nil {
		return fmt.Errorf("lists: %w", err)
	}
	if i.lists.events, err = optionalURL(lists, "events"); err != nil {
		return fmt.Errorf("lists: %w", err)
	}
	if i.lists.keys, err = parseKeys(lists); err != nil {
		return fmt.Errorf("lists: %w", err)
	}
	return nil
}

func parseKeys(v strictjson.Value) ([]jose.Key, error) {
	keys, err := jose.ParseKeySet(v)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.ID == "" {
			return nil, errors.New("a key without kid: nothing that names its key would find it")
		}
	}
	return keys, nil
}

// optionalURL is empty where nothing is given.
func optionalURL(v strictjson.Value, name string) (string, error) {
	if _, given := v.Member(name); !given {
		return "", nil
	}
	return secureURL(v, name)
}

// secureURL takes HTTPS, and HTTP on loopback for trying things out.
func secureURL(v strictjson.Value, name string) (string, error) {
	m, _ := v.Member(name)
	u, err := url.Parse(m.Text)
	if err != nil || m.Kind != strictjson.String || u.Host == "" || u.User != nil || strings.ContainsAny(m.Text, "?#") {
		return "", fmt.Errorf("%s is %q; give an https URL without credentials, query and fragment", name, m.Text)
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return "", fmt.Errorf("%s is %q; only https is taken", name, m.Text)
	}
	return m.Text, nil
}

func array(v strictjson.Value, name string, limit int) ([]strictjson.Value, error) {
	m, _ := v.Member(name)
	if m.Kind != strictjson.Array || len(m.Elements) == 0 || len(m.Elements) > limit {
		return nil, fmt.Errorf("%s is not an array of 1 to %d", name, limit)
	}
	return m.Elements, nil
}

func onlyMembers(v strictjson.Value, names ...string) error {
	if v.Kind != strictjson.Object {
		return errors.New("not a JSON object")
	}
next:
	for _, m := range v.Members {
		for _, name := range names {
			if m.Name == name {
				continue next
			}
		}
		return fmt.Errorf("unknown member %q; known are %s", m.Name, strings.Join(names, ", "))
	}
	return nil
}

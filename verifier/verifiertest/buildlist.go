package verifiertest

import (
	"bytes"
	"compress/zlib"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// listRecipe says how a list differs from a good one of a million valid entries.
type listRecipe struct {
	URI     string           `json:"uri"` // credentialtest.ListURI when empty
	Entries int              `json:"entries"`
	Bits    int              `json:"bits"`
	Status  map[uint64]uint8 `json:"status"` // by index; the badge's own is 413412
	Age     duration         `json:"age"`    // at the verifier's clock; negative for one from the future
	Life    duration         `json:"life"`
	Key     string           `json:"key"`   // name of the key that signs; "lists" when empty
	Names   string           `json:"names"` // name of the key that the header names; the one that signs when empty
	Header  patch            `json:"header"`
	Payload patch            `json:"payload"`
	Inflate int              `json:"inflate"` // size of what lst inflates to, instead of entries
	Suffix  string           `json:"suffix"`
	Repeat  int              `json:"repeat"`
	Text    string           `json:"text"`  // served as it is; "badge" for a badge
	Fails   string           `json:"fails"` // the fetch fails
}

func (r listRecipe) make(t testing.TB, now time.Time) ServedList {
	t.Helper()
	uri := orElse(r.URI, credentialtest.ListURI)
	issuer, _, _ := strings.Cut(uri, "/status-lists/")
	list := ServedList{Issuer: issuer, URI: uri, Token: r.Text, Fails: r.Fails}
	switch {
	case r.Text == "badge":
		list.Token = strings.SplitN(credentialtest.MustIssue(t, credentialtest.Claims()), "~", 2)[0]
	case r.Text == "" && r.Fails == "":
		list.Token = r.token(t, uri, now)
	}
	list.Token += strings.Repeat(r.Suffix, max(r.Repeat, 1))
	checker, err := revocation.NewChecker(revocation.CheckerConfig{Trust: Trust(t)})
	if err != nil {
		t.Fatal(err)
	}
	list.Bad = checker.Load(issuer, uri, list.Token) != nil
	return list
}

func (r listRecipe) token(t testing.TB, uri string, now time.Time) string {
	t.Helper()
	key := credentialtest.NewKey(orElse(r.Key, "lists"))
	header := string(marshal(t, map[string]string{
		"alg": "ES256", "kid": credentialtest.NewKey(orElse(r.Names, orElse(r.Key, "lists"))).ID(), "typ": revocation.TokenType,
	}))
	issued := now.Add(-time.Duration(r.Age))
	life := time.Duration(r.Life)
	if life == 0 {
		life = 24 * time.Hour
	}
	bits := r.Bits
	if bits == 0 {
		bits = 2
	}
	payload := string(marshal(t, map[string]any{
		"sub":         uri,
		"iat":         issued.Unix(),
		"exp":         issued.Add(life).Unix(),
		"ttl":         60,
		"status_list": map[string]any{"bits": bits, "lst": encode(compress(t, r.entries(bits)))},
	}))
	return credentialtest.MustSign(t, key, r.Header.apply(t, header), r.Payload.apply(t, payload))
}

func (r listRecipe) entries(bits int) []byte {
	if r.Inflate > 0 {
		return make([]byte, r.Inflate)
	}
	entries := r.Entries
	if entries == 0 {
		entries = ListSize
	}
	packed := make([]byte, entries*bits/8)
	for index, status := range r.Status {
		position := index * uint64(bits)
		packed[position/8] |= status << (position % 8)
	}
	return packed
}

func compress(t testing.TB, entries []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(entries); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

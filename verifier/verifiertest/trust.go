package verifiertest

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// The issuers of the trust list, beside credentialtest.IssuerURL.
const (
	// ChainIssuerURL is trusted by certificate: see [Chain].
	ChainIssuerURL = "https://badge.chain.example"
	// RivalIssuerURL is pinned like the first one, with keys of its own.
	RivalIssuerURL = "https://badge.rival.example"
	// CrowdIssuerURL has two keys, so that a badge must say which one it means.
	CrowdIssuerURL = "https://badge.crowd.example"
	// EndedIssuerURL does not stand by all that it signed: by nothing of one key, of
	// another by what it signed up to EndedAt, by no badge from before EndedBefore, and
	// by none of EndedType.
	EndedIssuerURL = "https://badge.ended.example"
	EndedType      = "https://badge.ended.example/vct/stopped/1"
)

// Until when EndedKeys[1] signed, and from when on badges of EndedIssuerURL are good.
var (
	EndedAt     = credentialtest.Now.Add(-time.Hour)
	EndedBefore = credentialtest.Now.Add(-2 * time.Hour)
)

// The keys of those issuers.
var (
	ChainKey  = credentialtest.NewKey("chain issuer") // of the certificates in Chain
	AnchorKey = credentialtest.NewKey("chain anchor")
	RivalKey  = credentialtest.NewKey("rival issuer")
	CrowdKeys = []credentialtest.Key{credentialtest.NewKey("crowd one"), credentialtest.NewKey("crowd two")}
	// EndedKeys are the one that signs, the one that is retired, and the revoked one.
	EndedKeys = []credentialtest.Key{credentialtest.NewKey("ended issuer"), credentialtest.NewKey("ended old"), credentialtest.NewKey("ended stolen")}
)

type trustFile struct {
	Issuers []trustedIssuer `json:"issuers"`
}

type trustedIssuer struct {
	URL     string            `json:"issuer"`
	Name    string            `json:"name"`
	Types   []string          `json:"types"`
	Keys    []json.RawMessage `json:"keys,omitempty"`
	Anchors []string          `json:"anchors,omitempty"`
	Lists   trustedLists      `json:"lists"`

	Retired   []retiredKey `json:"retired,omitempty"`
	Revoked   []string     `json:"revoked,omitempty"`
	NotBefore int64        `json:"not_before,omitempty"`
	Stopped   []string     `json:"stopped,omitempty"`
}

type retiredKey struct {
	ID string `json:"kid"`
	At int64  `json:"at"`
}

type trustedLists struct {
	Under string            `json:"under"`
	Keys  []json.RawMessage `json:"keys"`
}

// TrustFile is the text of the trust list. All issuers sign the same type of
// badge, and their lists with credentialtest.ListKey, under "/status-lists/".
func TrustFile(t testing.TB) []byte {
	t.Helper()
	return TrustFileAt(t, credentialtest.IssuerURL+"/status-lists/")
}

// TrustFileAt is [TrustFile] with the lists of credentialtest.IssuerURL under
// another URL, for a list server on this machine.
func TrustFileAt(t testing.TB, under string) []byte {
	t.Helper()
	file := trustFile{[]trustedIssuer{
		issuer(t, credentialtest.IssuerURL, credentialtest.IssuerKey),
		issuer(t, ChainIssuerURL),
		issuer(t, RivalIssuerURL, RivalKey),
		issuer(t, CrowdIssuerURL, CrowdKeys...),
		ended(t),
	}}
	file.Issuers[0].Lists.Under = under
	file.Issuers[1].Anchors = []string{base64.StdEncoding.EncodeToString(Anchor(t))}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Trust is [TrustFile], read.
func Trust(t testing.TB) *verifier.Trust {
	t.Helper()
	return parse(t, TrustFile(t))
}

// TrustAt is [TrustFileAt], read.
func TrustAt(t testing.TB, under string) *verifier.Trust {
	t.Helper()
	return parse(t, TrustFileAt(t, under))
}

func parse(t testing.TB, text []byte) *verifier.Trust {
	t.Helper()
	trust, err := verifier.ParseTrust(text)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func issuer(t testing.TB, url string, keys ...credentialtest.Key) trustedIssuer {
	i := trustedIssuer{
		URL:   url,
		Name:  "Test issuer at " + url,
		Types: []string{credentialtest.BadgeType},
		Lists: trustedLists{Under: url + "/status-lists/", Keys: []json.RawMessage{jwk(t, credentialtest.ListKey)}},
	}
	for _, key := range keys {
		i.Keys = append(i.Keys, jwk(t, key))
	}
	return i
}

func ended(t testing.TB) trustedIssuer {
	i := issuer(t, EndedIssuerURL, EndedKeys[:2]...)
	i.Types = append(i.Types, EndedType)
	i.Retired = []retiredKey{{EndedKeys[1].ID(), EndedAt.Unix()}}
	i.Revoked = []string{EndedKeys[2].ID()}
	i.NotBefore = EndedBefore.Unix()
	i.Stopped = []string{EndedType}
	return i
}

func jwk(t testing.TB, key credentialtest.Key) json.RawMessage {
	t.Helper()
	text, err := credential.MarshalJWK(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(`{"kid":"`+key.ID()+`",`), text[1:]...)
}

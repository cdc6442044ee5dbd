// Package exampletest is an issuer for the tests of the examples: its status
// lists are served on this machine, its keys are those of package
// credentialtest, and its badges are good now.
package exampletest

import (
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

const listPath = "/status-lists/1"

// Issuer issues badges.
type Issuer struct {
	TrustFile string // its trust list
	Port      uint16 // of this machine, where its status lists are

	listURI string
	lists   *verifiertest.Lists
}

// Start serves the status lists until the test ends.
func Start(t *testing.T) *Issuer {
	t.Helper()
	i := &Issuer{TrustFile: filepath.Join(t.TempDir(), "trust.json"), lists: verifiertest.NewLists()}
	server := httptest.NewServer(i.lists)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(address.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	i.Port, i.listURI = uint16(port), server.URL+listPath
	trust := verifiertest.TrustFileAt(t, server.URL+"/status-lists/")
	if err := os.WriteFile(i.TrustFile, trust, 0o600); err != nil {
		t.Fatal(err)
	}
	i.SetStatus(t, revocation.Valid)
	return i
}

// SetStatus publishes a list in which the badges of this issuer have that
// status. Whoever holds a list sees it when that one is due again.
func (i *Issuer) SetStatus(t *testing.T, s revocation.Status) {
	t.Helper()
	i.lists.Put(listPath, verifiertest.ListToken(t, i.listURI, time.Now(), s))
}

// Badge issues a badge with every claim, for these kinds of access.
func (i *Issuer) Badge(t *testing.T, access ...credential.Access) string {
	t.Helper()
	claims := credentialtest.Claims()
	claims.IssuedAt = time.Now().Add(-time.Hour)
	claims.NotBefore = claims.IssuedAt
	claims.Expires = claims.IssuedAt.Add(24 * time.Hour)
	claims.Status.URI = i.listURI
	claims.Access = access
	return credentialtest.MustIssue(t, claims)
}

// Show presents a badge as at a gate, with a nonce of the holder's own.
func (i *Issuer) Show(t *testing.T, badge, nonce string) string {
	t.Helper()
	return i.Answer(t, badge, credential.GateAudience, nonce)
}

// Answer presents a badge to a verifier that sent a nonce.
func (i *Issuer) Answer(t *testing.T, badge, audience, nonce string) string {
	t.Helper()
	return credentialtest.MustBind(t, badge, credential.Proof{Audience: audience, Nonce: nonce, IssuedAt: time.Now()})
}

package credential_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// The issuers of the vectors beside the test issuer.
const (
	otherIssuerURL = "https://badge.other.example"
	chainIssuerURL = "https://badge.chain.example"
)

var (
	secondKey  = credentialtest.NewKey("issuer, second key")
	retiredKey = credentialtest.NewKey("issuer, retired key")
	rivalKey   = credentialtest.NewKey("other issuer")
	anchorKey  = credentialtest.NewKey("anchor")
	leafKey    = credentialtest.NewKey("certified issuer")
)

// maker builds one file of vectors around one honest presentation, in which
// each vector changes one thing.
type maker struct {
	t           *testing.T
	file        credentialtest.VectorFile
	claims      credential.Claims // of the honest presentation, as disclosed
	header      string
	payload     string
	disclosures []string // of given_name and role
	kept        []string // the disclosures that were kept back
}

func newMaker(t *testing.T, group, description string) *maker {
	t.Helper()
	m := &maker{t: t, file: credentialtest.VectorFile{Group: group, Description: description, Keys: trusted(t)}}
	m.claims = credentialtest.Claims()
	m.claims.Picture, m.claims.PictureIntegrity, m.claims.EmployeeNumber, m.claims.Organization = "", "", "", ""
	m.claims.Training, m.claims.Equipment = nil, nil
	var all []string
	m.header, m.payload, all, _ = credentialtest.Parts(t, credentialtest.MustIssue(t, m.claims))
	m.disclosures = []string{all[0], all[2]} // given_name, role
	m.kept = []string{all[1]}                // family_name
	m.claims.FamilyName = ""
	return m
}

// trusted are the keys that every file of vectors refers to by name.
func trusted(t *testing.T) map[string][]credentialtest.VectorIssuer {
	pin := func(key credentialtest.Key) credentialtest.VectorKey {
		jwk, err := credential.MarshalJWK(key.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		return credentialtest.VectorKey{ID: key.ID(), JWK: jwk, Purpose: "badge"}
	}
	list, retired := pin(credentialtest.ListKey), pin(retiredKey)
	list.Purpose, retired.Retired = "status", true
	types := []string{credentialtest.BadgeType}
	one := credentialtest.VectorIssuer{
		Issuer: credentialtest.IssuerURL, Types: types,
		Pinned: []credentialtest.VectorKey{pin(credentialtest.IssuerKey)},
	}
	several := one
	several.Pinned = append(slices.Clone(one.Pinned), pin(secondKey), list, retired)
	return map[string][]credentialtest.VectorIssuer{
		"one key": {one},
		"several keys": {several, {
			Issuer: otherIssuerURL, Types: []string{otherIssuerURL + "/vct/1"},
			Pinned: []credentialtest.VectorKey{pin(rivalKey)},
		}},
		"certificates": {{
			Issuer: chainIssuerURL, Types: types,
			Anchors: [][]byte{certificate(t, "Anchor", anchorKey, anchorKey, "Anchor")},
		}},
	}
}

// certificate is the same in every run: its serial number and times are fixed.
func certificate(t *testing.T, subject string, key, signer credentialtest.Key, issuer string) []byte {
	t.Helper()
	template := func(name string, public *ecdsa.PublicKey) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber:          big.NewInt(int64(len(name))),
			Subject:               pkix.Name{CommonName: name},
			NotBefore:             time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			NotAfter:              time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC),
			BasicConstraintsValid: true,
			IsCA:                  name == "Anchor",
			PublicKey:             public,
		}
	}
	parent := template(issuer, signer.PublicKey())
	der, err := x509.CreateCertificate(nil, template(subject, key.PublicKey()), parent, key.PublicKey(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// chained is a header with x5c, signed for by leafKey.
func (m *maker) chained() string {
	leaf := certificate(m.t, "Leaf", leafKey, anchorKey, "Anchor")
	return fmt.Sprintf(`{"alg":"ES256","x5c":[%q],"typ":"dc+sd-jwt"}`, base64.StdEncoding.EncodeToString(leaf))
}

type option func(*credentialtest.Vector)

func trusting(keys string) option { return func(v *credentialtest.Vector) { v.Keys = keys } }

func at(clock time.Time) option { return func(v *credentialtest.Vector) { v.Clock = clock } }

func under(change func(*credentialtest.VectorRules)) option {
	return func(v *credentialtest.Vector) { change(&v.Rules) }
}

func unbound(r *credentialtest.VectorRules) { r.BindingRequired = false }

func (m *maker) add(id, comment, input string, expect credentialtest.VectorExpect, options []option) {
	v := credentialtest.Vector{
		ID: id, Comment: comment, Input: input, Keys: "one key", Clock: credentialtest.Now,
		Rules: credentialtest.VectorRules{
			BindingRequired: true,
			Audiences:       []string{credential.GateAudience},
			MaxAge:          90, MaxAhead: 30, Leeway: 60, MaxLife: int64(credential.MaxLifetime / time.Second),
		},
		Expect: expect,
	}
	for _, change := range options {
		change(&v)
	}
	m.file.Vectors = append(m.file.Vectors, v)
}

func (m *maker) refuse(want code.Code, id, comment, input string, options ...option) {
	m.add(id, comment, input, credentialtest.VectorExpect{Code: want}, options)
}

func (m *maker) accept(id, comment, input string, options ...option) {
	m.acceptClaims(m.claims, id, comment, input, options...)
}

func (m *maker) acceptClaims(claims credential.Claims, id, comment, input string, options ...option) {
	m.add(id, comment, input, credentialtest.VectorExpect{Claims: credentialtest.NewVectorClaims(claims)}, options)
}

// with returns text with old, which must be there, replaced once.
func (m *maker) with(text, old, replacement string) string {
	m.t.Helper()
	if !strings.Contains(text, old) {
		m.t.Fatalf("nothing to change: %q is not in %q", old, text)
	}
	return strings.Replace(text, old, replacement, 1)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (m *maker) sign(header, payload string) string {
	m.t.Helper()
	return credentialtest.MustSignText(m.t, credentialtest.IssuerKey, encode(header)+"."+encode(payload))
}

// bound is everything before the proof.
func bound(jwt string, disclosures ...string) string {
	return strings.Join(append([]string{jwt}, disclosures...), "~") + "~"
}

// bind appends an honest proof for whatever stands before it.
func (m *maker) bind(bound string) string {
	m.t.Helper()
	return bound + m.proof(credentialtest.ProofHeader, credentialtest.ProofPayload(bound, credentialtest.Now))
}

func (m *maker) proof(header, payload string) string {
	m.t.Helper()
	return credentialtest.MustSign(m.t, credentialtest.HolderKey, header, payload)
}

// badge is the honest presentation with another header or payload, signed.
func (m *maker) badge(header, payload string) string {
	m.t.Helper()
	return m.bind(bound(m.sign(header, payload), m.disclosures...))
}

// payloadWith is the honest presentation with one change in the signed claims.
func (m *maker) payloadWith(old, replacement string) string {
	m.t.Helper()
	return m.badge(m.header, m.with(m.payload, old, replacement))
}

// headerWith is the honest presentation with one change in the header.
func (m *maker) headerWith(old, replacement string) string {
	m.t.Helper()
	return m.badge(m.with(m.header, old, replacement), m.payload)
}

// member returns `"name":value` of the signed claims as it stands there.
func (m *maker) member(name string) string {
	m.t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(m.payload), &all); err != nil {
		m.t.Fatal(err)
	}
	return `"` + name + `":` + string(all[name])
}

// claim is the honest presentation with another value of one claim.
func (m *maker) claim(name, value string) string {
	m.t.Helper()
	return m.payloadWith(m.member(name), `"`+name+`":`+value)
}

// without is the honest presentation without one claim.
func (m *maker) without(name string) string {
	m.t.Helper()
	return m.payloadWith(m.member(name)+",", "")
}

// ordered ranges over names and strings in the order written, so that the files
// of vectors are the same in every run.
func ordered(pairs ...any) iter.Seq2[string, string] { return orderedAs[string](pairs...) }

// orderedAs is ordered for values of another type.
func orderedAs[T any](pairs ...any) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for pair := range slices.Chunk(pairs, 2) {
			if !yield(pair[0].(string), pair[1].(T)) {
				return
			}
		}
	}
}

package credentialtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// VectorFile is one file of credential/testdata/vectors, whose README describes
// it.
type VectorFile struct {
	Group       string                    `json:"group"`
	Description string                    `json:"description"`
	Keys        map[string][]VectorIssuer `json:"keys"`
	Vectors     []Vector                  `json:"vectors"`
}

// VectorIssuer is an issuer that a vector's verifier believes: by pinned keys,
// or by anchors of certificate chains, never both.
type VectorIssuer struct {
	Issuer  string      `json:"iss"`
	Types   []string    `json:"vct"`
	Pinned  []VectorKey `json:"pinned,omitempty"`
	Anchors [][]byte    `json:"anchors,omitempty"` // DER in base64
}

// VectorKey is a pinned key.
type VectorKey struct {
	ID      string          `json:"kid"`
	JWK     json.RawMessage `json:"jwk"`
	Purpose string          `json:"purpose"` // "badge" or "status"
	Retired bool            `json:"retired,omitempty"`
}

// Vector is one question and its answer.
type Vector struct {
	ID      string       `json:"id"`
	Comment string       `json:"comment"`
	Input   string       `json:"input"`
	Keys    string       `json:"keys"` // which of the file's keys are trusted
	Clock   time.Time    `json:"clock"`
	Rules   VectorRules  `json:"rules"`
	Expect  VectorExpect `json:"expect"`
}

// VectorRules are the verifier's, durations in seconds.
type VectorRules struct {
	BindingRequired bool     `json:"binding_required"`
	Audiences       []string `json:"audiences"`
	Nonce           string   `json:"nonce"`
	MaxAge          int64    `json:"max_age"`
	MaxAhead        int64    `json:"max_ahead"`
	Leeway          int64    `json:"leeway"`
	MaxLife         int64    `json:"max_life"`
}

// VectorExpect has an empty code exactly when it has claims.
type VectorExpect struct {
	Code   code.Code     `json:"code"`
	Claims *VectorClaims `json:"claims,omitempty"`
}

// VectorClaims are the claims of an accepted input that this profile knows.
type VectorClaims struct {
	Issuer           string           `json:"iss"`
	Type             string           `json:"vct"`
	Subject          string           `json:"sub"`
	IssuedAt         int64            `json:"iat"`
	NotBefore        int64            `json:"nbf"` // iat where the badge has none
	Expires          int64            `json:"exp"`
	Access           []string         `json:"access"`
	Status           *VectorStatus    `json:"status,omitempty"`
	GivenName        string           `json:"given_name,omitempty"`
	FamilyName       string           `json:"family_name,omitempty"`
	Picture          string           `json:"picture,omitempty"`
	PictureIntegrity string           `json:"picture#integrity,omitempty"`
	EmployeeNumber   string           `json:"employee_number,omitempty"`
	Organization     string           `json:"organization,omitempty"`
	Role             string           `json:"role,omitempty"`
	Training         []VectorTraining `json:"training,omitempty"`
	Equipment        *VectorEquipment `json:"equipment,omitempty"`
}

// VectorStatus is a place in a status list.
type VectorStatus struct {
	URI   string `json:"uri"`
	Index uint64 `json:"idx"`
}

// VectorTraining is one course held.
type VectorTraining struct {
	Course     string `json:"course"`
	Standard   string `json:"standard"`
	ValidUntil int64  `json:"valid_until"`
}

// VectorEquipment is what a badge says of equipment.
type VectorEquipment struct {
	Compliant bool  `json:"compliant"`
	CheckedAt int64 `json:"checked_at"`
}

// NewVectorClaims writes claims as a vector does.
func NewVectorClaims(c credential.Claims) *VectorClaims {
	v := &VectorClaims{
		Issuer: c.Issuer, Type: c.Type, Subject: c.Subject,
		IssuedAt: c.IssuedAt.Unix(), NotBefore: c.NotBefore.Unix(), Expires: c.Expires.Unix(),
		Access:    []string{},
		GivenName: c.GivenName, FamilyName: c.FamilyName,
		Picture: c.Picture, PictureIntegrity: c.PictureIntegrity,
		EmployeeNumber: c.EmployeeNumber, Organization: c.Organization, Role: c.Role,
	}
	if c.Status.URI != "" {
		v.Status = &VectorStatus{c.Status.URI, c.Status.Index}
	}
	for _, a := range c.Access {
		v.Access = append(v.Access, string(a))
	}
	for _, t := range c.Training {
		v.Training = append(v.Training, VectorTraining{t.Course, t.Standard, t.ValidUntil.Unix()})
	}
	if c.Equipment != nil {
		v.Equipment = &VectorEquipment{c.Equipment.Compliant, c.Equipment.CheckedAt.Unix()}
	}
	return v
}

// ReadVectors reads every vector file of a directory, refusing members that it
// does not know: a misspelled expectation must not pass as none.
func ReadVectors(directory string) ([]VectorFile, error) {
	names, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no vectors in %s", directory)
	}
	var files []VectorFile
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := ParseVectors(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// ParseVectors reads one vector file.
func ParseVectors(text []byte) (VectorFile, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var file VectorFile
	if err := decoder.Decode(&file); err != nil {
		return VectorFile{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return VectorFile{}, errors.New("data after the vectors")
	}
	seen := make(map[string]bool)
	for _, v := range file.Vectors {
		if v.ID == "" || v.Comment == "" || seen[v.ID] {
			return VectorFile{}, fmt.Errorf("vector %q has no id or comment, or is there twice", v.ID)
		}
		seen[v.ID] = true
		if _, known := file.Keys[v.Keys]; !known {
			return VectorFile{}, fmt.Errorf("vector %q trusts unknown keys %q", v.ID, v.Keys)
		}
		if (v.Expect.Code == "") != (v.Expect.Claims != nil) {
			return VectorFile{}, fmt.Errorf("vector %q must expect a code or claims", v.ID)
		}
	}
	return file, nil
}

// KeySource returns what the vector's verifier trusts.
func (f VectorFile) KeySource(v Vector) credential.KeySource {
	return vectorKeys{issuers: f.Keys[v.Keys], clock: v.Clock}
}

type vectorKeys struct {
	issuers []VectorIssuer
	clock   time.Time
}

// BadgeKey implements [credential.KeySource]. An issuer is believed by one
// mechanism, whatever the badge brings along.
func (k vectorKeys) BadgeKey(hint credential.KeyHint) (*ecdsa.PublicKey, error) {
	at := slices.IndexFunc(k.issuers, func(i VectorIssuer) bool { return i.Issuer == hint.Issuer })
	if at < 0 {
		return nil, code.Refuse(code.IssuerUntrusted, "issuer %q", hint.Issuer)
	}
	issuer := k.issuers[at]
	if !slices.Contains(issuer.Types, hint.Type) {
		return nil, code.Refuse(code.TypeNotAccepted, "type %q", hint.Type)
	}
	if len(issuer.Anchors) > 0 {
		return issuer.certified(hint, k.clock)
	}
	if len(hint.Chain) > 0 {
		return nil, code.Refuse(code.HeaderForbidden, "x5c, but this issuer's keys are pinned")
	}
	return k.pinned(issuer, hint)
}

func (k vectorKeys) pinned(issuer VectorIssuer, hint credential.KeyHint) (*ecdsa.PublicKey, error) {
	if hint.KeyID == "" && len(issuer.Pinned) > 1 {
		return nil, code.Refuse(code.KeyAmbiguous, "no kid and %d keys", len(issuer.Pinned))
	}
	for _, key := range issuer.Pinned {
		switch {
		case hint.KeyID != "" && key.ID != hint.KeyID:
			continue
		case key.Purpose != "badge":
			return nil, code.Refuse(code.KeyNotForIssuer, "kid %q is for %s", key.ID, key.Purpose)
		case key.Retired:
			return nil, code.Refuse(code.KeyRetired, "kid %q", key.ID)
		}
		return credential.ParseJWK(key.JWK)
	}
	for _, other := range k.issuers {
		if slices.ContainsFunc(other.Pinned, func(key VectorKey) bool { return key.ID == hint.KeyID }) {
			return nil, code.Refuse(code.KeyNotForIssuer, "kid %q is another issuer's", hint.KeyID)
		}
	}
	return nil, code.Refuse(code.KeyUnknown, "kid %q", hint.KeyID)
}

func (i VectorIssuer) certified(hint credential.KeyHint, now time.Time) (*ecdsa.PublicKey, error) {
	if len(hint.Chain) == 0 {
		return nil, code.Refuse(code.KeyUnknown, "no x5c, but this issuer is known by certificates")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, der := range i.Anchors {
		anchor, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		roots.AddCert(anchor)
	}
	chain := make([]*x509.Certificate, len(hint.Chain))
	for n, der := range hint.Chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, code.Refuse(code.KeyUnknown, "x5c holds something other than certificates")
		}
		chain[n] = certificate
		between.AddCert(certificate)
	}
	options := x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	if _, err := chain[0].Verify(options); err != nil {
		return nil, code.Refuse(code.KeyUnknown, "no chain to an anchor: %v", err)
	}
	key, isECDSA := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !isECDSA {
		return nil, code.Refuse(code.KeyTypeMismatch, "the certificate's key is not ECDSA")
	}
	return key, nil
}

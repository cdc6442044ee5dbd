package credential

import (
	"crypto/ecdsa"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

func missing(name string) error { return code.Refuse(code.ClaimMissing, "no claim %q", name) }

func wrongType(name, want string) error {
	return code.Refuse(code.ClaimType, "claim %q is not %s", name, want)
}

func requiredText(v strictjson.Value, name string) (string, error) {
	m, present := v.Member(name)
	if !present {
		return "", missing(name)
	}
	return asText(m, name)
}

func optionalText(v strictjson.Value, name string) (string, error) {
	m, present := v.Member(name)
	if !present {
		return "", nil
	}
	return asText(m, name)
}

func asText(v strictjson.Value, name string) (string, error) {
	if v.Kind != strictjson.String || v.Text == "" {
		return "", wrongType(name, "a string with content")
	}
	return v.Text, nil
}

func requiredTime(v strictjson.Value, name string) (time.Time, error) {
	m, present := v.Member(name)
	if !present {
		return time.Time{}, missing(name)
	}
	seconds, ok := m.Integer()
	if !ok || seconds <= 0 {
		return time.Time{}, wrongType(name, "a positive integer of seconds")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// reader collects the first error of many reads, so that what is read stands as
// one list.
type reader struct {
	from strictjson.Value
	err  error
}

func read[T any](r *reader, get func(strictjson.Value, string) (T, error), name string) T {
	var zero T
	if r.err != nil {
		return zero
	}
	got, err := get(r.from, name)
	if err != nil {
		r.err = err
		return zero
	}
	return got
}

// readClaims takes claims whose signature is verified and whose disclosures are
// in place. Claims that this profile does not know are ignored.
func readClaims(v strictjson.Value) (Claims, error) {
	r := &reader{from: v}
	c := Claims{
		Issuer:    read(r, requiredText, nameIssuer),
		Type:      read(r, requiredText, nameType),
		Subject:   read(r, requiredText, nameSubject),
		IssuedAt:  read(r, requiredTime, nameIssuedAt),
		NotBefore: read(r, optionalTime, nameNotBefore),
		Expires:   read(r, requiredTime, nameExpires),
		Access:    read(r, readAccess, nameAccess),
		Status:    read(r, readStatus, nameStatus),

		GivenName:        read(r, optionalText, nameGivenName),
		FamilyName:       read(r, optionalText, nameFamilyName),
		Picture:          read(r, optionalText, namePicture),
		PictureIntegrity: read(r, optionalText, namePictureIntegrity),
		EmployeeNumber:   read(r, optionalText, nameEmployeeNumber),
		Organization:     read(r, optionalText, nameOrganization),
		Role:             read(r, optionalText, nameRole),
		Training:         read(r, readTraining, nameTraining),
		Equipment:        read(r, readEquipment, nameEquipment),
	}
	if r.err != nil {
		return Claims{}, r.err
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = c.IssuedAt
	}
	if !c.NotBefore.Before(c.Expires) || !c.IssuedAt.Before(c.Expires) {
		return Claims{}, code.Refuse(code.ClaimTimeInvalid, "iat or nbf is not before exp")
	}
	return c, nil
}

func optionalTime(v strictjson.Value, name string) (time.Time, error) {
	if _, present := v.Member(name); !present {
		return time.Time{}, nil
	}
	return requiredTime(v, name)
}

func readAccess(v strictjson.Value, name string) ([]Access, error) {
	m, present := v.Member(name)
	if !present {
		return nil, missing(name)
	}
	if m.Kind != strictjson.Array {
		return nil, wrongType(name, "an array of strings")
	}
	access := make([]Access, 0, len(m.Elements))
	for _, e := range m.Elements {
		if e.Kind != strictjson.String {
			return nil, wrongType(name, "an array of strings")
		}
		access = append(access, Access(e.Text))
	}
	return access, nil
}

// readStatus returns the zero StatusRef for a badge without status, and refuses
// one that names only mechanisms we do not know: both are for the verifier's
// policy, but the second can't be mistaken for the first.
func readStatus(v strictjson.Value, name string) (StatusRef, error) {
	m, present := v.Member(name)
	if !present {
		return StatusRef{}, nil
	}
	if m.Kind != strictjson.Object {
		return StatusRef{}, wrongType(name, "an object")
	}
	list, present := m.Member("status_list")
	if !present {
		return StatusRef{}, code.Refuse(code.StatusUnsupported, "status names no status_list")
	}
	uri, err := requiredText(list, "uri")
	if err != nil {
		return StatusRef{}, err
	}
	idx, present := list.Member("idx")
	if !present {
		return StatusRef{}, missing("idx")
	}
	index, ok := idx.Integer()
	if !ok || index < 0 {
		return StatusRef{}, wrongType("idx", "a non-negative integer")
	}
	return StatusRef{URI: uri, Index: uint64(index)}, nil
}

// readAudience takes aud as RFC 7519, section 4.1.3 writes it: one string or an
// array of them.
func readAudience(v strictjson.Value) ([]string, error) {
	m, present := v.Member(nameAudience)
	if !present {
		return nil, nil
	}
	if m.Kind != strictjson.Array {
		m = strictjson.Value{Kind: strictjson.Array, Elements: []strictjson.Value{m}}
	}
	if len(m.Elements) == 0 {
		return nil, wrongType(nameAudience, "a string, or an array with strings")
	}
	audience := make([]string, 0, len(m.Elements))
	for _, e := range m.Elements {
		name, err := asText(e, nameAudience)
		if err != nil {
			return nil, err
		}
		audience = append(audience, name)
	}
	return audience, nil
}

func readTraining(v strictjson.Value, name string) ([]Training, error) {
	m, present := v.Member(name)
	if !present {
		return nil, nil
	}
	if m.Kind != strictjson.Array {
		return nil, wrongType(name, "an array of courses")
	}
	training := make([]Training, 0, len(m.Elements))
	for _, e := range m.Elements {
		r := &reader{from: e}
		t := Training{
			Course:     read(r, requiredText, "course"),
			Standard:   read(r, optionalText, "standard"),
			ValidUntil: read(r, requiredTime, "valid_until"),
		}
		if r.err != nil {
			return nil, r.err
		}
		training = append(training, t)
	}
	return training, nil
}

func readEquipment(v strictjson.Value, name string) (*Equipment, error) {
	m, present := v.Member(name)
	if !present {
		return nil, nil
	}
	compliant, _ := m.Member("compliant")
	if compliant.Kind != strictjson.Bool {
		return nil, wrongType(name, "an object with \"compliant\"")
	}
	checked, err := requiredTime(m, "checked_at")
	if err != nil {
		return nil, err
	}
	return &Equipment{Compliant: compliant.Text == "true", CheckedAt: checked}, nil
}

// holderKey reads cnf (RFC 7800) with exactly a jwk in it.
func holderKey(v strictjson.Value) (*ecdsa.PublicKey, error) {
	cnf, present := v.Member(nameConfirmation)
	if !present {
		return nil, code.Refuse(code.ProofKeyMissing, "the badge is bound to no key")
	}
	jwk, present := cnf.Member("jwk")
	if !present {
		return nil, code.Refuse(code.ProofKeyMissing, "cnf holds no jwk")
	}
	if len(cnf.Members) != 1 {
		return nil, code.Refuse(code.ProofKeyInvalid, "cnf holds more than a jwk")
	}
	key, err := jose.ParseKey(jwk)
	if err != nil {
		return nil, code.Refuse(code.ProofKeyInvalid, "%v", err)
	}
	return key, nil
}

package credential

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
)

// payload is the signed part of a badge. encoding/json escapes what it writes
// and the names are constants, so no claim can be smuggled in by a value.
type payload struct {
	Issuer       string       `json:"iss"`
	Type         string       `json:"vct"`
	IssuedAt     int64        `json:"iat"`
	NotBefore    int64        `json:"nbf"`
	Expires      int64        `json:"exp"`
	Subject      string       `json:"sub"`
	Access       []Access     `json:"access"`
	Confirmation confirmation `json:"cnf"`
	Status       status       `json:"status"`
	Digests      []string     `json:"_sd,omitempty"`
	DigestName   string       `json:"_sd_alg,omitempty"`
}

type confirmation struct {
	JWK jose.JWK `json:"jwk"`
}

type status struct {
	StatusList statusList `json:"status_list"`
}

type statusList struct {
	Index uint64 `json:"idx"`
	URI   string `json:"uri"`
}

type trainingClaim struct {
	Course     string `json:"course"`
	Standard   string `json:"standard,omitempty"`
	ValidUntil int64  `json:"valid_until"`
}

type equipmentClaim struct {
	Compliant bool  `json:"compliant"`
	CheckedAt int64 `json:"checked_at"`
}

func newPayload(c *Claims, digests []string) (payload, error) {
	jwk, err := jose.NewJWK(c.HolderKey)
	if err != nil {
		return payload{}, err
	}
	p := payload{
		Issuer:       c.Issuer,
		Type:         c.Type,
		IssuedAt:     c.IssuedAt.Unix(),
		NotBefore:    c.NotBefore.Unix(),
		Expires:      c.Expires.Unix(),
		Subject:      c.Subject,
		Access:       c.Access,
		Confirmation: confirmation{jwk},
		Status:       status{statusList{c.Status.Index, c.Status.URI}},
		Digests:      digests,
	}
	if len(digests) > 0 {
		p.DigestName = sdjwt.HashName
	}
	return p, nil
}

// disclosable returns the values of the claims that have one, in the order of
// [Disclosable].
func disclosable(c *Claims) []namedValue {
	all := []namedValue{
		{nameGivenName, text(c.GivenName)},
		{nameFamilyName, text(c.FamilyName)},
		{namePicture, text(c.Picture)},
		{namePictureIntegrity, text(c.PictureIntegrity)},
		{nameEmployeeNumber, text(c.EmployeeNumber)},
		{nameOrganization, text(c.Organization)},
		{nameRole, text(c.Role)},
		{nameTraining, trainingValue(c.Training)},
		{nameEquipment, equipmentValue(c.Equipment)},
	}
	present := all[:0]
	for _, v := range all {
		if v.value != nil {
			present = append(present, v)
		}
	}
	return present
}

type namedValue struct {
	name  string
	value any // nil when there is nothing to disclose
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func trainingValue(held []Training) any {
	if len(held) == 0 {
		return nil
	}
	claims := make([]trainingClaim, len(held))
	for i, t := range held {
		claims[i] = trainingClaim{t.Course, t.Standard, t.ValidUntil.Unix()}
	}
	return claims
}

func equipmentValue(e *Equipment) any {
	if e == nil {
		return nil
	}
	return equipmentClaim{e.Compliant, e.CheckedAt.Unix()}
}

// marshal writes compact JSON without the HTML escapes that encoding/json adds
// for the sake of script elements; they would only lengthen the gate code.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// roundDown drops what is finer than [TimeGranularity].
func roundDown(t time.Time) time.Time {
	return t.UTC().Truncate(TimeGranularity)
}

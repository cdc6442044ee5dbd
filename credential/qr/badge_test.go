package qr_test

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// badge describes a presentation of the badge profile. Its signatures are
// random bytes, which no packing can tell from real ones.
type badge struct {
	Issuer, Kid          string
	Given, Family        string
	Number, Organization string
	Role                 string
	Access               []string
	Courses              []course
	Shown                []string // claim names, in presentation order
	IssuedAt             int64
	Index                int
	Bound                bool
}

type course struct {
	Course   string `json:"course"`
	Standard string `json:"standard"`
	Until    int64  `json:"valid_until"`
}

var everyClaim = []string{"given_name", "family_name", "picture", "picture#integrity",
	"employee_number", "organization", "role", "training", "equipment"}

const vendor = "https://badge.vendor.example"

func fullBadge() badge {
	return badge{
		Issuer: vendor, Kid: "2026-11-a",
		Given: "Ursula", Family: "Eriksen", Number: "0700000", Organization: "Vendor Services",
		Role: "field-service-representative", Access: []string{"onsite", "remote"},
		Courses: []course{
			{"CB-101", "IEC 62443-2-4", 1825427740}, {"CB-102", "ISO/IEC 27001", 1821063121}, {"CB-201", "IEC 62443-2-4", 1809335528}},
		Shown: everyClaim, IssuedAt: 1795420800, Index: 413412, Bound: true,
	}
}

// minimalBadge shows what a turnstile needs: nothing but standing and access.
func minimalBadge() badge {
	b := fullBadge()
	b.Shown = nil
	return b
}

// text writes the presentation, with all that is random from the seed.
func (b badge) text(seed uint64) string {
	random := rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, seed)))
	bytes := func(n int) []byte {
		raw := make([]byte, n)
		_, _ = random.Read(raw)
		return raw
	}
	encode := base64.RawURLEncoding.EncodeToString
	values := map[string]any{
		"given_name": b.Given, "family_name": b.Family,
		"picture":           b.Issuer + "/pictures/" + encode(bytes(16)),
		"picture#integrity": "sha256-" + base64.StdEncoding.EncodeToString(bytes(32)),
		"employee_number":   b.Number, "organization": b.Organization, "role": b.Role,
		"training":  b.Courses,
		"equipment": ordered{{"compliant", true}, {"checked_at", b.IssuedAt - 270204}},
	}
	disclosures := map[string]string{}
	var digests []string
	for _, name := range everyClaim {
		disclosures[name] = encode(compact([]any{encode(bytes(16)), name, values[name]}))
		digests = append(digests, hashOf(disclosures[name]))
	}
	slices.Sort(digests)
	x, y := point(bytes(32))
	jwt := func(header, payload any) string {
		return encode(compact(header)) + "." + encode(compact(payload)) + "." + encode(bytes(64))
	}
	presentation := jwt(
		ordered{{"alg", "ES256"}, {"kid", b.Kid}, {"typ", "dc+sd-jwt"}},
		ordered{{"iss", b.Issuer}, {"vct", b.Issuer + "/vct/cyber-badge/1"},
			{"iat", b.IssuedAt}, {"nbf", b.IssuedAt}, {"exp", b.IssuedAt + 86400},
			{"sub", encode(bytes(16))}, {"access", b.Access},
			{"cnf", ordered{{"jwk", ordered{{"kty", "EC"}, {"crv", "P-256"}, {"x", encode(x)}, {"y", encode(y)}}}}},
			{"status", ordered{{"status_list", ordered{{"idx", b.Index}, {"uri", b.Issuer + "/status-lists/1"}}}}},
			{"_sd", digests}, {"_sd_alg", "sha-256"}}) + "~"
	for _, name := range b.Shown {
		presentation += disclosures[name] + "~"
	}
	if b.Bound {
		presentation += jwt(ordered{{"alg", "ES256"}, {"typ", "kb+jwt"}},
			ordered{{"iat", b.IssuedAt + 29731}, {"aud", "urn:cyberbadge:gate"},
				{"nonce", encode(bytes(16))}, {"sd_hash", hashOf(presentation)}})
	}
	return presentation
}

// ordered is a JSON object whose members keep their order.
type ordered []member

type member struct {
	name  string
	value any
}

func (o ordered) MarshalJSON() ([]byte, error) {
	var members []string
	for _, m := range o {
		members = append(members, string(compact(m.name))+":"+string(compact(m.value)))
	}
	return []byte("{" + strings.Join(members, ",") + "}"), nil
}

// compact writes JSON without white space and without HTML escapes.
func compact(value any) []byte {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// point returns a P-256 point for a private key of 32 bytes.
func point(scalar []byte) (x, y []byte) {
	scalar[0] &= 0x7f // below the group's order
	private, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		panic(err)
	}
	public := private.PublicKey().Bytes()
	return public[1:33], public[33:]
}

package bundle

import (
	"encoding/json"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// payload is the manifest as JSON writes it.
type payload struct {
	Issuer       string          `json:"iss"`
	Customer     string          `json:"aud,omitempty"`
	Number       uint64          `json:"number"`
	IssuedAt     int64           `json:"iat"`
	Expires      int64           `json:"exp"`
	MaxStatusAge int64           `json:"max_status_age,omitempty"`
	Trust        json.RawMessage `json:"trust"`
	Parts        []partPayload   `json:"parts"`
}

type partPayload struct {
	Kind     Kind   `json:"kind"`
	URI      string `json:"uri,omitempty"`
	IssuedAt int64  `json:"iat,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Size     int    `json:"size"`
}

func (m *Manifest) marshal() ([]byte, error) {
	p := payload{
		Issuer:       m.Issuer,
		Customer:     m.Customer,
		Number:       m.Number,
		IssuedAt:     m.IssuedAt.Unix(),
		Expires:      m.Expires.Unix(),
		MaxStatusAge: int64(m.MaxStatusAge / time.Second),
		Trust:        m.Trust,
		Parts:        make([]partPayload, 0, len(m.Parts)),
	}
	for _, part := range m.Parts {
		p.Parts = append(p.Parts, part.payload())
	}
	return json.Marshal(p)
}

func (p Part) payload() partPayload {
	if p.Kind == PortraitKind {
		return partPayload{Kind: p.Kind, Digest: jose.Encoding.EncodeToString(p.Digest[:]), Size: p.Size}
	}
	return partPayload{
		Kind: p.Kind, URI: p.URI, IssuedAt: p.IssuedAt.Unix(),
		SHA256: jose.Encoding.EncodeToString(p.SHA256[:]), Size: p.Size,
	}
}

// parseManifest reads a payload strictly. Whether it was signed is the caller's
// business.
func parseManifest(text []byte) (Manifest, error) {
	v, err := strictjson.Parse(text)
	if err != nil {
		return Manifest{}, invalid("the manifest is not strict JSON: %v", err)
	}
	if err := onlyMembers(v, "iss", "aud", "number", "iat", "exp", "max_status_age", "trust", "parts"); err != nil {
		return Manifest{}, err
	}
	var m Manifest
	r := reader{v: v}
	m.Issuer = r.text("iss")
	if _, named := v.Member("aud"); named {
		m.Customer = r.text("aud")
	}
	m.Number = uint64(r.positive("number"))
	m.IssuedAt, m.Expires = r.time("iat"), r.time("exp")
	if _, limited := v.Member("max_status_age"); limited {
		m.MaxStatusAge = r.span("max_status_age")
	}
	if r.err != nil {
		return Manifest{}, r.err
	}
	// The value was parsed and is strict, so reading it a second time finds the same
	// members; this one keeps the text.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return Manifest{}, invalid("the manifest: %v", err)
	}
	m.Trust = members["trust"]
	parts, _ := v.Member("parts")
	if m.Parts, err = parseParts(parts); err != nil {
		return Manifest{}, err
	}
	return m, m.check(v)
}

func parseParts(v strictjson.Value) ([]Part, error) {
	if v.Kind != strictjson.Array || len(v.Elements) > MaxLists+MaxPortraits {
		return nil, invalid("parts is not an array of at most %d", MaxLists+MaxPortraits)
	}
	parts := make([]Part, 0, len(v.Elements))
	for i, e := range v.Elements {
		part, err := parsePart(e)
		if err != nil {
			return nil, invalid("part %d: %v", i+1, err)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func parsePart(v strictjson.Value) (Part, error) {
	r := reader{v: v}
	part := Part{Kind: Kind(r.text("kind"))}
	if r.err != nil {
		return part, r.err
	}
	var err error
	switch part.Kind {
	case ListKind:
		err = onlyMembers(v, "kind", "uri", "iat", "sha256", "size")
		part.URI, part.IssuedAt, part.SHA256 = r.text("uri"), r.time("iat"), r.hash("sha256")
	case PortraitKind:
		err = onlyMembers(v, "kind", "digest", "size")
		part.Digest = r.hash("digest")
	default:
		return part, invalid("the kind %q is not known", part.Kind)
	}
	if err != nil {
		return part, err
	}
	size := r.positive("size")
	if r.err == nil && size > maxPart {
		return part, invalid("a size of %d bytes, at most %d are taken", size, maxPart)
	}
	part.Size = int(size)
	return part, r.err
}

// reader reads members and keeps the first error.
type reader struct {
	v   strictjson.Value
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = invalid(format, args...)
	}
}

func (r *reader) text(name string) string {
	m, _ := r.v.Member(name)
	if m.Kind != strictjson.String || m.Text == "" {
		r.fail("%s is not a string", name)
	}
	return m.Text
}

func (r *reader) positive(name string) int64 {
	m, _ := r.v.Member(name)
	n, ok := m.Integer()
	if !ok || n <= 0 {
		r.fail("%s is not a positive integer", name)
	}
	return n
}

func (r *reader) time(name string) time.Time { return time.Unix(r.positive(name), 0).UTC() }

// span bounds what it multiplies, so that no sum of seconds wraps around.
func (r *reader) span(name string) time.Duration {
	seconds := r.positive(name)
	if limit := int64(MaxLife / time.Second); seconds > limit {
		r.fail("%s is %d s, at most %d are taken", name, seconds, limit)
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func (r *reader) hash(name string) (sum [32]byte) {
	b, err := jose.DecodeSegment(r.text(name))
	if err != nil || len(b) != len(sum) {
		r.fail("%s is not %d bytes in base64url", name, len(sum))
		return sum
	}
	return [32]byte(b)
}

func onlyMembers(v strictjson.Value, names ...string) error {
	if v.Kind != strictjson.Object {
		return invalid("not a JSON object")
	}
next:
	for _, m := range v.Members {
		for _, name := range names {
			if m.Name == name {
				continue next
			}
		}
		return invalid("unknown member %q", m.Name)
	}
	return nil
}

package sdjwt

import (
	"slices"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// HashName is the one digest algorithm taken, and the default of _sd_alg.
const HashName = "sha-256"

const (
	digestsName = "_sd"     // array of digests in an object
	hashName    = "_sd_alg" // at the top only
	elementName = "..."     // placeholder of an array element
)

// Disclosure is one decoded disclosure.
type Disclosure struct {
	Salt  string
	Name  string // of a member; meaningless for an array element
	Value strictjson.Value

	element    bool   // two parts: it discloses an array element
	digest     string // by which it is referred to
	referenced bool
}

// ParseDisclosure decodes [salt, name, value] or [salt, value].
func ParseDisclosure(text string) (Disclosure, error) {
	decoded, err := jose.DecodeText(text)
	if err != nil {
		return Disclosure{}, err
	}
	v, err := strictjson.ParseString(decoded)
	if err != nil {
		return Disclosure{}, err
	}
	parts := v.Elements
	if v.Kind != strictjson.Array || len(parts) < 2 || len(parts) > 3 || parts[0].Kind != strictjson.String {
		return Disclosure{}, code.Refuse(code.SDDisclosureMalformed, "not [salt, name, value] or [salt, value]")
	}
	if len(parts) == 2 {
		return Disclosure{Salt: parts[0].Text, Value: parts[1], element: true}, nil
	}
	name := parts[1]
	if name.Kind != strictjson.String {
		return Disclosure{}, code.Refuse(code.SDDisclosureMalformed, "the name is not a string")
	}
	if name.Text == digestsName || name.Text == elementName {
		return Disclosure{}, code.Refuse(code.SDClaimForbidden, "a claim named %q", name.Text)
	}
	return Disclosure{Salt: parts[0].Text, Name: name.Text, Value: parts[2]}, nil
}

// Process puts the disclosures into a payload whose signature is verified (RFC
// 9901, section 7.1, steps 3 to 5) and returns the claims, free of digests.
// Members for which always answers true are never selectively disclosed, nor is
// anything inside them. The payload is used up: the claims take its place in
// memory.
func Process(payload strictjson.Value, disclosures []string, always func(name string) bool) (strictjson.Value, error) {
	if payload.Kind != strictjson.Object {
		return strictjson.Value{}, code.Refuse(code.ClaimType, "the payload is not an object")
	}
	if alg, present := payload.Member(hashName); present && (alg.Kind != strictjson.String || alg.Text != HashName) {
		return strictjson.Value{}, code.Refuse(code.SDAlgUnsupported, "_sd_alg is %q, only %q is taken", alg.Text, HashName)
	}
	p := processor{
		disclosures: make([]Disclosure, 0, len(disclosures)),
		seen:        make(map[string]struct{}, len(disclosures)),
		always:      always,
	}
	for _, text := range disclosures {
		d, err := ParseDisclosure(text)
		if err != nil {
			return strictjson.Value{}, err
		}
		d.digest = Digest(text)
		if p.find(d.digest) != nil {
			return strictjson.Value{}, code.Refuse(code.SDDigestDuplicate, "the same disclosure twice")
		}
		p.disclosures = append(p.disclosures, d)
	}
	if err := p.object(&payload, place{top: true}); err != nil {
		return strictjson.Value{}, err
	}
	for i := range p.disclosures {
		if !p.disclosures[i].referenced {
			return strictjson.Value{}, code.Refuse(code.SDDisclosureUnreferenced, "a disclosure that the signed claims do not refer to")
		}
	}
	return payload, nil
}

type processor struct {
	disclosures []Disclosure
	seen        map[string]struct{} // digests
	always      func(string) bool
}

// find returns the disclosure with that digest, or nil. There are at most
// [MaxDisclosures] to look at.
func (p *processor) find(digest string) *Disclosure {
	for i := range p.disclosures {
		if p.disclosures[i].digest == digest {
			return &p.disclosures[i]
		}
	}
	return nil
}

// place is where in the claims the processor stands.
type place struct {
	top    bool
	always bool // inside a member that is always disclosed
	depth  int
}

func (at place) inside() place { return place{always: at.always, depth: at.depth + 1} }

// value processes a value at its place in memory.
func (p *processor) value(v *strictjson.Value, at place) error {
	if v.Kind != strictjson.Object && v.Kind != strictjson.Array {
		return nil
	}
	// Disclosures nest inside each other, so the parser's bound on each of them
	// is no bound on what they are put together to.
	if at.depth >= strictjson.MaxDepth {
		return code.Refuse(code.JSONTooDeep, "disclosures nest more than %d levels", strictjson.MaxDepth)
	}
	if v.Kind == strictjson.Object {
		return p.object(v, at)
	}
	return p.array(v, at)
}

func (p *processor) object(v *strictjson.Value, at place) error {
	var digests *strictjson.Value
	kept := 0
	for i := range v.Members {
		m := &v.Members[i]
		switch m.Name {
		case digestsName:
			value := m.Value
			digests = &value
			continue
		case hashName:
			if !at.top {
				return code.Refuse(code.SDAlgUnsupported, "_sd_alg below the top")
			}
			continue
		case elementName:
			return code.Refuse(code.SDClaimForbidden, "a claim named %q", elementName)
		}
		inner := at.inside()
		inner.always = at.always || at.top && p.always(m.Name)
		if err := p.value(&m.Value, inner); err != nil {
			return err
		}
		if kept != i {
			v.Members[kept] = *m
		}
		kept++
	}
	v.Members = v.Members[:kept]
	if digests == nil {
		return nil
	}
	return p.disclose(v, *digests, at)
}

// disclose adds the members that the digests of one object stand for.
func (p *processor) disclose(claims *strictjson.Value, digests strictjson.Value, at place) error {
	if at.always {
		return code.Refuse(code.SDClaimForbidden, "digests inside a claim that is always disclosed")
	}
	if digests.Kind != strictjson.Array {
		return code.Refuse(code.SDDisclosureMalformed, "_sd is not an array")
	}
	claims.Members = slices.Grow(claims.Members, min(len(digests.Elements), len(p.disclosures)))
	for _, digest := range digests.Elements {
		d, err := p.take(digest)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		if d.element {
			return code.Refuse(code.SDDisclosureMalformed, "an array element's disclosure in an object")
		}
		if at.top && (p.always(d.Name) || d.Name == hashName) {
			return code.Refuse(code.SDClaimForbidden, "claim %q is never selectively disclosed", d.Name)
		}
		if _, collision := claims.Member(d.Name); collision {
			return code.Refuse(code.SDClaimCollision, "claim %q is there already", d.Name)
		}
		claims.Members = append(claims.Members, strictjson.Member{Name: d.Name, Value: d.Value})
		if err := p.value(&claims.Members[len(claims.Members)-1].Value, at.inside()); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) array(v *strictjson.Value, at place) error {
	kept := 0
	for i := range v.Elements {
		e := &v.Elements[i]
		if digest, placeholder := e.Member(elementName); placeholder {
			disclosed, err := p.element(*e, digest, at)
			if err != nil {
				return err
			}
			if disclosed == nil {
				continue
			}
			*e = *disclosed
		}
		if err := p.value(e, at.inside()); err != nil {
			return err
		}
		if kept != i {
			v.Elements[kept] = *e
		}
		kept++
	}
	v.Elements = v.Elements[:kept]
	return nil
}

// element returns what a placeholder stands for, or nil when it is not disclosed.
func (p *processor) element(e, digest strictjson.Value, at place) (*strictjson.Value, error) {
	if at.always {
		return nil, code.Refuse(code.SDClaimForbidden, "digests inside a claim that is always disclosed")
	}
	if len(e.Members) != 1 {
		return nil, code.Refuse(code.SDDisclosureMalformed, "a placeholder with other members")
	}
	d, err := p.take(digest)
	if d == nil || err != nil {
		return nil, err
	}
	if !d.element {
		return nil, code.Refuse(code.SDDisclosureMalformed, "a member's disclosure in an array")
	}
	return &d.Value, nil
}

// take returns the disclosure of a digest, or nil for one that is not disclosed.
func (p *processor) take(digest strictjson.Value) (*Disclosure, error) {
	if digest.Kind != strictjson.String {
		return nil, code.Refuse(code.SDDisclosureMalformed, "a digest is not a string")
	}
	if _, twice := p.seen[digest.Text]; twice {
		return nil, code.Refuse(code.SDDigestDuplicate, "one digest in two places")
	}
	p.seen[digest.Text] = struct{}{}
	d := p.find(digest.Text)
	if d != nil {
		d.referenced = true
	}
	return d, nil
}

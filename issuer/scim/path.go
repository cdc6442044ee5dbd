package scim

import (
	"iter"
	"strings"
)

// object is a JSON object whose names are spelled as the schema has them. Values
// are string, bool, json.Number, nil, []any and object.
type object = map[string]any

// path is a place in a resource: attribute, attribute.sub, attribute[filter] or
// attribute[filter].sub, each in the core or in an extension (RFC 7644, figure 7).
type path struct {
	text      string
	extension *schema    // nil for the core
	attribute *attribute // nil for the extension as a whole
	filter    expression // nil for all values
	sub       *attribute // nil for the whole attribute
	unknown   bool       // it names something that is not kept; the others are nil
}

// leaf is the attribute at the end of the path, nil if it is unknown or an
// extension as a whole.
func (p path) leaf() *attribute {
	if p.sub != nil {
		return p.sub
	}
	return p.attribute
}

// container is the object that holds the attribute, nil if there is none.
func (p path) container(of object) object {
	if p.extension == nil {
		return of
	}
	inner, _ := of[p.extension.ID].(object)
	return inner
}

// values returns what is there, one for each value of a multi-valued attribute; of
// a complex one that the path does not enter, what a filter compares.
func (p path) values(of object) []any {
	if p.unknown || p.attribute == nil {
		return nil
	}
	if p.extension == nil && p.sub == nil && p.filter == nil && p.attribute.Type != typeComplex {
		return list(of[p.attribute.Name]) // what a member of a group is chosen by, thousands of times
	}
	last := p.sub
	if last == nil && p.attribute.Type == typeComplex {
		last = p.attribute.compared()
		if last == nil {
			return nil
		}
	}
	var found []any
	for _, value := range p.elements(of) {
		if last != nil {
			inner, _ := value.(object)
			value = inner[last.Name]
		}
		found = append(found, list(value)...)
	}
	return found
}

// elements returns the attribute's values that the filter lets through.
func (p path) elements(of object) []any {
	values := list(p.container(of)[p.attribute.Name])
	var found []any
	for i := range p.chosen(values) {
		found = append(found, values[i])
	}
	return found
}

// chosen visits the places of the values that the filter lets through.
func (p path) chosen(values []any) iter.Seq[int] {
	return func(visit func(int) bool) {
		for i, value := range values {
			inner, _ := value.(object)
			if (p.filter == nil || p.filter.matches(inner)) && !visit(i) {
				return
			}
		}
	}
}

// list makes one of whatever a value is.
func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	default:
		return []any{value}
	}
}

// scope is where names are looked up: a resource, or the values of one attribute.
type scope struct {
	resource *resourceType
	within   *attribute // nil for the resource
	unknown  bool       // of something that is not kept: every name will do
}

// resolve finds what a name, perhaps with a sub-attribute, stands for.
func (s scope) resolve(name string) path {
	p := path{text: name, unknown: true}
	if s.unknown {
		return p
	}
	if s.within != nil {
		p.attribute = s.within.sub(name)
		p.unknown = p.attribute == nil
		return p
	}
	find := s.resource.attribute
	if urn, rest, found := s.urn(name); found {
		if urn == nil {
			return p
		}
		if urn != &s.resource.core {
			p.extension = urn
			if rest == "" {
				p.unknown = false
				return p
			}
			find = func(name string) *attribute { return named(urn.Attributes, name) }
		}
		name = rest
	}
	first, second, entered := strings.Cut(name, ".")
	a := find(first)
	if a == nil {
		return path{text: p.text, unknown: true}
	}
	p.attribute = a
	if entered {
		if p.sub = a.sub(second); p.sub == nil {
			return path{text: p.text, unknown: true}
		}
	}
	p.unknown = false
	return p
}

// urn splits a name that begins with a schema's; the schema is nil if it is not
// known here.
func (s scope) urn(name string) (of *schema, rest string, found bool) {
	if len(name) < 4 || !strings.EqualFold(name[:4], "urn:") {
		return nil, "", false
	}
	if e := s.resource.extension(name); e != nil {
		return e, "", true
	}
	// Neither names of attributes nor those of sub-attributes have a colon.
	colon := strings.LastIndexByte(name, ':')
	if strings.EqualFold(name[:colon], s.resource.core.ID) {
		return &s.resource.core, name[colon+1:], true
	}
	return s.resource.extension(name[:colon]), name[colon+1:], true
}

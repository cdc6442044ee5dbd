package scim

import (
	"cmp"
	"slices"
	"strings"
)

// editor changes a document as requests say. A document that it returned an error
// for is to be given up: an operation may be half done.
type editor struct {
	kind     *resourceType
	document object
	// whole is set while the body of a POST or PUT is read, in which what can't be
	// written is passed over (RFC 7644, sections 3.3 and 3.5.1).
	whole    bool
	proposed string   // the id that such a body has
	ignored  []string // what was sent and is not kept
}

// read makes a document of a POST's or PUT's body. It is what adding all of it to
// nothing makes, so that both know the same dialects.
func read(kind *resourceType, body object) (*editor, error) {
	e := &editor{kind: kind, document: object{}, whole: true}
	if err := e.members(add, body); err != nil {
		return nil, err
	}
	e.tidy()
	return e, nil
}

// patch applies the operations of a PATCH to a document, all or none.
func patch(kind *resourceType, document object, operations []operation) (*editor, error) {
	e := &editor{kind: kind, document: document}
	for _, o := range operations {
		if err := e.operation(o); err != nil {
			return nil, err
		}
	}
	e.tidy()
	return e, nil
}

func (e *editor) operation(o operation) error {
	if !o.given && o.verb != remove {
		return Refuse(InvalidValue, "%s needs a value.", o.verb)
	}
	if o.path != "" {
		place, err := parsePath(e.kind, o.path)
		if err != nil {
			return err
		}
		return e.change(place, o.verb, o.value)
	}
	if o.verb == remove {
		return Refuse(NoTarget, "remove needs a path.")
	}
	members, isObject := o.value.(object)
	if !isObject {
		return Refuse(InvalidValue, "%s without a path needs an object of attributes as its value.", o.verb)
	}
	return e.members(o.verb, members)
}

// members changes what an object without a path names. Its names may be paths:
// "name.givenName", or a schema's with an attribute behind.
func (e *editor) members(v verb, of object) error {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	// In the same order each time, and "name" before "name.givenName".
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(strings.Compare(fold(a), fold(b)), strings.Compare(a, b)) })
	seen := map[string]bool{}
	for _, name := range names {
		place, err := parsePath(e.kind, name)
		if err != nil {
			e.ignored = append(e.ignored, name)
			continue
		}
		if !place.unknown && seen[place.identity()] {
			return repeated(name)
		}
		seen[place.identity()] = true
		if place.attribute != nil && place.attribute.readOnly() {
			if err := e.untouched(place, of[name]); err != nil {
				return err
			}
			continue
		}
		if e.whole && (of[name] == nil || of[name] == "") {
			continue
		}
		if err := e.change(place, v, of[name]); err != nil {
			return err
		}
	}
	return nil
}

// identity is the same for all spellings of a place.
func (p path) identity() string {
	if p.filter != nil || p.unknown {
		return fold(p.text)
	}
	var parts []string
	if p.extension != nil {
		parts = append(parts, p.extension.ID)
	}
	for _, a := range []*attribute{p.attribute, p.sub} {
		if a != nil {
			parts = append(parts, a.Name)
		}
	}
	return strings.Join(parts, "/")
}

// untouched takes note of what nobody but this service writes.
func (e *editor) untouched(place path, value any) error {
	if place.attribute.Name == "id" && e.whole {
		e.proposed, _ = value.(string)
	}
	if e.whole || place.attribute.Name == "schemas" {
		return nil
	}
	// Okta repeats the id.
	if same := place.values(e.document); len(same) == 1 && same[0] == value {
		return nil
	}
	return Refuse(Mutability, "%s is read-only. Leave it out.", place.text)
}

// change does one operation at one place.
func (e *editor) change(place path, v verb, value any) error {
	switch leaf := place.leaf(); {
	case place.unknown:
		e.ignored = append(e.ignored, place.text)
		return nil
	case leaf == nil:
		return e.extension(place.extension, v, value)
	case place.attribute.readOnly():
		return Refuse(Mutability, "%s is read-only.", place.text)
	// No value is the same as none there (RFC 7643, section 2.5).
	case v != remove && (value == nil || value == ""):
		return e.remove(place, nil)
	case v == remove:
		return e.remove(place, value)
	case place.filter != nil:
		return e.choose(place, value)
	case place.sub != nil:
		return e.enter(place, value)
	}
	return e.set(place, v, value)
}

// extension changes the attributes of an extension, given all in one.
func (e *editor) extension(of *schema, v verb, value any) error {
	members, isObject := value.(object)
	if v == remove {
		members = object{}
		for _, a := range of.Attributes {
			members[a.Name] = nil
		}
	} else if !isObject {
		return Refuse(InvalidValue, "%s needs an object of attributes as its value.", of.ID)
	}
	inner := make(object, len(members))
	for name, value := range members {
		inner[of.ID+":"+name] = value
	}
	return e.members(v, inner)
}

package scim

import (
	"maps"
	"net/http"
	"strings"
)

// maxChoice bounds how many attributes a request may choose.
const maxChoice = 100

// choice is which attributes an answer has (RFC 7644, section 3.9). id, schemas
// and what nobody may choose are always there.
type choice struct {
	only   []path // all if nil
	except []path
}

func readChoice(kind *resourceType, r *http.Request) (c choice, err error) {
	values, err := parameters(r)
	if err != nil {
		return c, err
	}
	only, except := values.Get("attributes"), values.Get("excludedAttributes")
	if c.only, err = readNames(kind, "attributes", only); err != nil {
		return c, err
	}
	c.except, err = readNames(kind, "excludedAttributes", except)
	return c, err
}

func readNames(kind *resourceType, parameter, text string) ([]path, error) {
	if text == "" {
		return nil, nil
	}
	names := strings.Split(text, ",")
	if len(names) > maxChoice {
		return nil, Refuse(InvalidValue, "%s has %d names, at most %d are read.", parameter, len(names), maxChoice)
	}
	paths := []path{}
	for _, name := range names {
		paths = append(paths, scope{resource: kind}.resolve(strings.TrimSpace(name)))
	}
	return paths, nil
}

func (c choice) apply(o object) object {
	if c.only != nil {
		chosen := object{"id": o["id"], "schemas": o["schemas"]}
		for _, at := range c.only {
			at.copy(o, chosen)
		}
		o = chosen
	}
	for _, at := range c.except {
		at.drop(o)
	}
	return o
}

// copy takes what is at a path into another document.
func (p path) copy(from, to object) {
	switch {
	case p.unknown:
		return
	case p.attribute == nil:
		copyMember(from, to, p.extension.ID)
		return
	case p.extension != nil:
		if p.container(from) == nil {
			return
		}
		if p.container(to) == nil {
			to[p.extension.ID] = object{}
		}
	}
	from, to = p.container(from), p.container(to)
	name := p.attribute.Name
	if p.sub == nil {
		copyMember(from, to, name)
		return
	}
	var parts []any
	for i, value := range list(from[name]) {
		part := object{}
		if before := list(to[name]); i < len(before) {
			part = maps.Clone(before[i].(object))
		}
		copyMember(value.(object), part, p.sub.Name)
		parts = append(parts, part)
	}
	switch {
	case len(parts) == 0:
	case p.attribute.MultiValued:
		to[name] = parts
	default:
		to[name] = parts[0]
	}
}

func copyMember(from, to object, name string) {
	if value, has := from[name]; has {
		to[name] = value
	}
}

// drop takes away what is at a path.
func (p path) drop(from object) {
	switch {
	case p.unknown:
	case p.attribute == nil:
		delete(from, p.extension.ID)
	case p.attribute.Name == "id" || p.attribute.Name == "schemas":
	case p.sub == nil:
		delete(p.container(from), p.attribute.Name)
	default:
		for _, value := range p.elements(from) {
			delete(value.(object), p.sub.Name)
		}
	}
}

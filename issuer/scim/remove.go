package scim

import "slices"

// remove takes away what a path names; of a multi-valued attribute, if values are
// given, those alone: Entra names members to remove in that way, where RFC 7644
// has a filter.
func (e *editor) remove(place path, value any) error {
	a, in := place.attribute, place.container(e.document)
	switch {
	case a.lasting:
		return Refuse(Mutability, "%s can't be taken away. Replace it by another value.", place.text)
	case in == nil:
		return nil
	case place.sub != nil:
		for _, one := range place.elements(e.document) {
			delete(one.(object), place.sub.Name)
		}
		return nil
	case place.filter != nil:
		chosen := place.filter
		return e.keep(place, func(one object) bool { return !chosen.matches(one) })
	case a.MultiValued && value != nil:
		named, err := a.named(list(value))
		if err != nil {
			return err
		}
		return e.keep(place, func(one object) bool { return !named(one) })
	}
	delete(in, a.Name)
	return nil
}

// keep drops the values of an attribute that are not to be kept.
func (e *editor) keep(place path, wanted func(object) bool) error {
	a, in := place.attribute, place.container(e.document)
	kept := slices.DeleteFunc(list(in[a.Name]), func(one any) bool { return !wanted(one.(object)) })
	switch {
	case len(kept) == 0:
		delete(in, a.Name)
	case a.MultiValued:
		in[a.Name] = kept
	}
	return nil
}

// named reports whether a value is one of those given: by its value where they say
// one, else by all that they say. One that says nothing names nothing.
func (a *attribute) named(given []any) (func(object) bool, error) {
	byValue := map[any]bool{}
	var others []object
	for _, one := range given {
		one, err := a.coerce(one)
		if err != nil {
			return nil, err
		}
		said := merged(nil, one.(object))
		if value, has := said["value"]; has {
			byValue[value] = true
		} else if len(said) > 0 {
			others = append(others, said)
		}
	}
	return func(one object) bool {
		return byValue[one["value"]] || slices.ContainsFunc(others, func(said object) bool { return agrees(one, said) })
	}, nil
}

func agrees(one, said object) bool {
	for name, value := range said {
		if one[name] != value {
			return false
		}
	}
	return true
}

// tidy drops what is empty: objects, lists, and values without a value.
func (e *editor) tidy() {
	containers := []object{e.document}
	attributes := [][]*attribute{e.kind.core.Attributes}
	for _, x := range e.kind.extensions {
		if inner, has := e.document[x.ID].(object); has {
			containers, attributes = append(containers, inner), append(attributes, x.Attributes)
		}
	}
	for i, in := range containers {
		for _, a := range attributes[i] {
			a.tidy(in)
		}
	}
	for _, x := range e.kind.extensions {
		if inner, has := e.document[x.ID].(object); has && len(inner) == 0 {
			delete(e.document, x.ID)
		}
	}
}

func (a *attribute) tidy(in object) {
	value, has := in[a.Name]
	if !has || a.Type != typeComplex {
		return
	}
	for _, one := range list(value) {
		for name, part := range one.(object) {
			if part == nil || part == "" {
				delete(one.(object), name)
			}
		}
	}
	kept := slices.DeleteFunc(list(value), func(one any) bool {
		_, valued := one.(object)["value"]
		return len(one.(object)) == 0 || a.sub("value") != nil && !valued
	})
	switch {
	case len(kept) == 0:
		delete(in, a.Name)
	case a.MultiValued:
		in[a.Name] = kept
	}
}

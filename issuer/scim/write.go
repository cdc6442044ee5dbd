package scim

import (
	"encoding/json"
	"slices"
)

// set gives an attribute its value, or adds to its values.
func (e *editor) set(place path, v verb, value any) error {
	a, in := place.attribute, e.container(place)
	if !a.MultiValued {
		value, err := a.coerce(value)
		if err != nil {
			return err
		}
		if part, isObject := value.(object); isObject {
			before, _ := in[a.Name].(object)
			value = merged(before, part)
		}
		in[a.Name] = value
		return nil
	}
	var values []any
	if v == add {
		values = list(in[a.Name])
	}
	known := make(map[string]bool, len(values))
	for _, value := range values {
		known[written(value)] = true
	}
	chief := -1
	for _, one := range list(value) {
		one, err := a.coerce(one)
		if err != nil {
			return err
		}
		fresh := merged(nil, one.(object))
		if known[written(fresh)] {
			continue
		}
		known[written(fresh)] = true
		if fresh[primary] == true {
			chief = len(values)
		}
		values = append(values, fresh)
	}
	prefer(values, chief)
	return a.put(in, values)
}

// put keeps several values.
func (a *attribute) put(in object, values []any) error {
	if len(values) > a.most {
		return Refuse(InvalidValue, "%s has %d values, at most %d are kept.", a.Name, len(values), a.most)
	}
	in[a.Name] = values
	return nil
}

// written tells values apart.
func written(value any) string {
	if of, _ := value.(object); len(of) == 1 {
		// What a member of a group consists of.
		if text, isText := of["value"].(string); isText {
			return text
		}
	}
	text, _ := json.Marshal(value) // of strings and truths, which always marshal
	return string(text)
}

// primary marks the one of several values that counts most.
const primary = "primary"

// prefer leaves the value at a place, if there is one, the only primary one (RFC
// 7644, section 3.5.2).
func prefer(values []any, chief int) {
	for i, other := range values {
		if chief >= 0 && i != chief {
			delete(other.(object), primary)
		}
	}
}

// enter changes a sub-attribute, of all the values if there are several.
func (e *editor) enter(place path, value any) error {
	value, err := place.sub.coerce(value)
	if err != nil {
		return err
	}
	a, in := place.attribute, e.container(place)
	values := list(in[a.Name])
	if len(values) == 0 {
		values = []any{object{}}
	}
	for _, inner := range values {
		inner.(object)[place.sub.Name] = value
	}
	if a.MultiValued {
		in[a.Name] = values
		return nil
	}
	in[a.Name] = values[0]
	return nil
}

// choose changes the values that the path's filter lets through. If there is none,
// one is made that it would let through: Entra replaces an address that is not
// there yet.
func (e *editor) choose(place path, value any) error {
	a, in := place.attribute, e.container(place)
	values := list(in[a.Name])
	chosen := slices.Collect(place.chosen(values))
	if len(chosen) == 0 {
		made := object{}
		for _, c := range assignments(place.filter) {
			made[c.at.attribute.Name] = c.operand
		}
		if len(made) == 0 {
			return Refuse(NoTarget, "There is no value for %s.", place.text)
		}
		chosen, values = []int{len(values)}, append(values, made)
	}
	parts := object{}
	if place.sub != nil {
		part, err := place.sub.coerce(value)
		if err != nil {
			return err
		}
		parts[place.sub.Name] = part
	} else {
		given, err := a.coerce(value)
		if err != nil {
			return err
		}
		parts = given.(object)
	}
	for _, i := range chosen {
		values[i] = merged(values[i].(object), parts)
	}
	if parts[primary] == true {
		prefer(values, chosen[len(chosen)-1])
	}
	if a.MultiValued {
		return a.put(in, values)
	}
	in[a.Name] = values[0]
	return nil
}

// assignments are the comparisons that say what a new value has to be. A filter
// that says more than that has none.
func assignments(e expression) []comparison {
	switch e := e.(type) {
	case both:
		left, right := assignments(e.left), assignments(e.right)
		if left == nil || right == nil {
			return nil
		}
		return append(left, right...)
	case comparison:
		if e.operator == "eq" && e.operand != nil && !e.at.unknown {
			return []comparison{e}
		}
	}
	return nil
}

// container is the object that holds an attribute, made if it has to be.
func (e *editor) container(place path) object {
	if place.extension == nil {
		return e.document
	}
	if place.container(e.document) == nil {
		e.document[place.extension.ID] = object{}
	}
	return place.container(e.document)
}

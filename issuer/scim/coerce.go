package scim

import (
	"maps"
	"strings"
)

// coerce makes a value one of the attribute's type, or refuses it. Of a complex
// attribute it is an object of the sub-attributes that are kept, in which nil
// stands for what is to be taken away.
func (a *attribute) coerce(value any) (any, error) {
	if several, isList := value.([]any); isList && !a.MultiValued && len(several) == 1 {
		value = several[0]
	}
	switch a.Type {
	case typeComplex:
		return a.coerceObject(value)
	case typeBoolean:
		truth, ok := boolean(value)
		if !ok {
			return nil, Refuse(InvalidValue, "%s needs true or false.", a.Name)
		}
		return truth, nil
	}
	text, isText := value.(string)
	if !isText {
		return nil, Refuse(InvalidValue, "%s needs a text.", a.Name)
	}
	return text, nil
}

// coerceObject takes a bare text for the value: a manager comes as the id alone.
func (a *attribute) coerceObject(value any) (any, error) {
	if text, isText := value.(string); isText && a.sub("value") != nil {
		return object{"value": text}, nil
	}
	given, isObject := value.(object)
	if !isObject {
		return nil, Refuse(InvalidValue, "%s needs an object.", a.Name)
	}
	made := object{}
	for name, value := range given {
		part := a.sub(name)
		if part == nil {
			continue
		}
		if _, twice := made[part.Name]; twice {
			return nil, repeated(a.Name + "." + name)
		}
		if value == nil {
			made[part.Name] = nil
			continue
		}
		value, err := part.coerce(value)
		if err != nil {
			return nil, Refuse(InvalidValue, "%s.%s", a.Name, strings.TrimPrefix(Of(err).Detail, a.Name+"."))
		}
		made[part.Name] = value
	}
	return made, nil
}

// merged is an object with some of its parts replaced, added or, by nil, dropped.
func merged(before, parts object) object {
	whole := maps.Clone(before)
	if whole == nil {
		whole = object{}
	}
	for name, part := range parts {
		if part == nil {
			delete(whole, name)
			continue
		}
		whole[name] = part
	}
	return whole
}

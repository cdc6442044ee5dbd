package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
)

// isSection reports whether a struct is a part of the file with keys of its own,
// rather than a value that reads itself.
func isSection(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t == secretType {
		return false
	}
	pointer := reflect.PointerTo(t)
	for _, reads := range []reflect.Type{
		reflect.TypeFor[encoding.TextUnmarshaler](),
		reflect.TypeFor[yaml.BytesUnmarshaler](),
		reflect.TypeFor[yaml.InterfaceUnmarshaler](),
		reflect.TypeFor[yaml.NodeUnmarshaler](),
	} {
		if pointer.Implements(reads) {
			return false
		}
	}
	return true
}

// withoutPointer returns what t points to, or t.
func withoutPointer(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// key is one key of a section.
type key struct {
	name  string
	index []int
	t     reflect.Type
}

// keysOf lists the keys of a section in the order of its struct. The fields of an
// embedded struct, or of one tagged ",inline", stand for themselves.
func keysOf(t reflect.Type) []key {
	var keys []key
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		inline := options == "inline" || field.Anonymous && name == ""
		switch {
		case inline && field.Type.Kind() == reflect.Struct:
			for _, k := range keysOf(field.Type) {
				k.index = append([]int{i}, k.index...)
				keys = append(keys, k)
			}
			continue
		case !field.IsExported(), name == "-":
			continue
		case name == "":
			name = strings.ToLower(field.Name)
		}
		keys = append(keys, key{name: name, index: []int{i}, t: field.Type})
	}
	return keys
}

// leaf is a value that the environment can name.
type leaf struct {
	variable string  // with prefix
	indices  [][]int // of the sections on the way, then of the field itself
	t        reflect.Type
}

// leavesOf lists the values of a struct. It fails when two have one variable.
func leavesOf(t reflect.Type) ([]leaf, error) {
	leaves := collect(t, strings.TrimSuffix(prefix, "_"), nil)
	owner := make(map[string]bool)
	for _, l := range leaves {
		names := []string{l.variable}
		if l.t == secretType {
			names = append(names, l.variable+fileSuffix)
		}
		for _, name := range names {
			if owner[name] {
				return nil, fmt.Errorf("config: two keys of %s are both called %s in the environment", t, name)
			}
			owner[name] = true
		}
	}
	return leaves, nil
}

func collect(t reflect.Type, variable string, way [][]int) []leaf {
	var leaves []leaf
	for _, k := range keysOf(t) {
		name := variable + "_" + strings.ToUpper(strings.ReplaceAll(k.name, "-", "_"))
		indices := append(append([][]int(nil), way...), k.index)
		if section := withoutPointer(k.t); isSection(section) {
			leaves = append(leaves, collect(section, name, indices)...)
			continue
		}
		leaves = append(leaves, leaf{variable: name, indices: indices, t: k.t})
	}
	return leaves
}

// in returns the leaf's place in root; sections that are nil on the way are made.
func (l leaf) in(root reflect.Value) reflect.Value {
	value := root
	for _, index := range l.indices {
		value = made(value).FieldByIndex(index)
	}
	return value
}

// made returns what value points to, allocated if it was nil, or value.
func made(value reflect.Value) reflect.Value {
	if value.Kind() != reflect.Pointer {
		return value
	}
	if value.IsNil() {
		value.Set(reflect.New(value.Type().Elem()))
	}
	return value.Elem()
}

// expected says what a value of that type is, for whoever wrote another.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprintf("a whole number from %d to %d", int64(-1)<<(t.Bits()-1), uint64(1)<<(t.Bits()-1)-1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("a whole number from 0 to %d", ^uint64(0)>>(64-t.Bits()))
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "keys and values"
	}
	return "one text"
}

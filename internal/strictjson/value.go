package strictjson

import "strconv"

// Kind is the JSON type of a [Value].
type Kind uint8

// The kinds of JSON value. The zero Value is Null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value. It refers to no input; strings are decoded.
type Value struct {
	Kind     Kind
	Text     string   // the string, the number as written, or "true" or "false"
	Elements []Value  // of an array
	Members  []Member // of an object, in the order written
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value Value
}

// MaxInteger is the largest magnitude that [Value.Integer] takes: beyond it,
// readers that keep numbers in float64 see another number (RFC 8259, section 6).
const MaxInteger = 1<<53 - 1

// Member returns the member of that name.
func (v Value) Member(name string) (Value, bool) {
	for i := range v.Members {
		if v.Members[i].Name == name {
			return v.Members[i].Value, true
		}
	}
	return Value{}, false
}

// Integer returns a number written as a plain integer: no fraction, no
// exponent, no "-0", at most [MaxInteger] either way.
func (v Value) Integer() (int64, bool) {
	if v.Kind != Number || v.Text == "-0" {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil || n > MaxInteger || n < -MaxInteger {
		return 0, false
	}
	return n, true
}

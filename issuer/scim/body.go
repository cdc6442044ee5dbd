package scim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Bounds of a request. The bound itself is allowed.
const (
	MaxBody       = 1 << 20 // bytes; a photo in a user's record has to fit in
	MaxOperations = 1000    // in one PATCH
	MaxValues     = 100     // of one attribute, but for the members of groups
)

// readBody reads the JSON object of a request. Names stay as they came.
func readBody(w http.ResponseWriter, r *http.Request) (object, error) {
	raw, err := httpserver.ReadBody(w, r, MaxBody, ContentType, "application/json")
	if err != nil {
		return nil, err
	}
	return parseBody(raw)
}

func parseBody(raw []byte) (object, error) {
	value, err := strictjson.Parse(raw)
	if refused := (*code.Error)(nil); errors.As(err, &refused) {
		return nil, Refuse(InvalidSyntax, "The body is not strict JSON: %s.", refused.Detail)
	}
	if err != nil {
		return nil, err
	}
	body, isObject := plain(value).(object)
	if !isObject {
		return nil, Refuse(InvalidSyntax, "The body is no JSON object. Send one.")
	}
	return body, nil
}

// plain is a value in the types of [object].
func plain(value strictjson.Value) any {
	switch value.Kind {
	case strictjson.Object:
		o := make(object, len(value.Members))
		for _, member := range value.Members {
			o[member.Name] = plain(member.Value)
		}
		return o
	case strictjson.Array:
		list := make([]any, 0, len(value.Elements))
		for _, element := range value.Elements {
			list = append(list, plain(element))
		}
		return list
	case strictjson.String:
		return value.Text
	case strictjson.Number:
		return json.Number(value.Text)
	case strictjson.Bool:
		return value.Text == "true"
	}
	return nil
}

// operation is one of a PATCH (RFC 7644, section 3.5.2).
type operation struct {
	verb  verb
	path  string // empty for the resource itself
	value any
	given bool // whether there is a value, null included
}

type verb string

const (
	add     verb = "add"
	replace verb = "replace"
	remove  verb = "remove"
)

func readOperations(body object) ([]operation, error) {
	given, err := member(body, "Operations")
	if err != nil {
		return nil, err
	}
	all, isList := given.([]any)
	if !isList || len(all) == 0 {
		return nil, Refuse(InvalidSyntax, "Operations is missing. Send a list of at least one.")
	}
	if len(all) > MaxOperations {
		return nil, Refuse(InvalidValue, "There are %d Operations, at most %d are taken at once. Send several requests.", len(all), MaxOperations)
	}
	var operations []operation
	for i, one := range all {
		fields, isObject := one.(object)
		if !isObject {
			return nil, Refuse(InvalidSyntax, "Operation %d is no object.", i+1)
		}
		o, err := readOperation(fields)
		if err != nil {
			return nil, err
		}
		operations = append(operations, o)
	}
	return operations, nil
}

func readOperation(fields object) (operation, error) {
	var o operation
	op, err := member(fields, "op")
	if err != nil {
		return o, err
	}
	name, _ := op.(string)
	switch o.verb = verb(strings.ToLower(name)); o.verb {
	case add, replace, remove:
	default:
		return o, Refuse(InvalidSyntax, "op is %.40q. Send add, replace or remove.", name)
	}
	where, err := member(fields, "path")
	if err != nil {
		return o, err
	}
	isText := false
	if o.path, isText = where.(string); !isText && where != nil {
		return o, Refuse(InvalidPath, "path is no text. Send one such as name.familyName.")
	}
	if o.value, err = member(fields, "value"); err != nil {
		return o, err
	}
	for name := range fields {
		o.given = o.given || strings.EqualFold(name, "value")
	}
	return o, nil
}

// member returns an object's member of that name in any capitals, nil if there is
// none. Two are refused, because each reader would take another.
func member(of object, name string) (found any, err error) {
	times := 0
	for given, value := range of {
		if strings.EqualFold(given, name) {
			found = value
			times++
		}
	}
	if times > 1 {
		return nil, repeated(name)
	}
	return found, nil
}

func repeated(name string) error {
	return Refuse(InvalidSyntax, "%.200q stands twice. Send it once.", name)
}

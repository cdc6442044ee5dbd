package httpserver

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Problem codes of a body that is not the JSON asked for, beyond those of
// package strictjson.
const (
	CodeJSONInvalid     = string(code.JSONInvalid)
	CodeJSONUnknownName = "json_unknown_name" // a member that this call does not have
)

// maxNamesInDetail bounds how many unknown members one answer lists.
const maxNamesInDetail = 10

// DecodeJSON reads the request's body, which may have at most limit bytes, into
// the struct that target points to. Media types beside application/json are
// accepted only if given.
//
// The errors are for problem.From: 415 unsupported_media_type, 413
// request_too_large, and 400 json_invalid, json_duplicate_name, json_too_deep or
// json_unknown_name, each saying where and what to do. target is undefined after
// an error.
func DecodeJSON(w http.ResponseWriter, r *http.Request, limit int64, target any, alsoMediaTypes ...string) error {
	body, err := ReadBody(w, r, limit, append([]string{"application/json"}, alsoMediaTypes...)...)
	if err != nil {
		return err
	}
	return UnmarshalJSON(body, target)
}

// UnmarshalJSON is [DecodeJSON] for bytes that are already there. Unlike
// encoding/json it takes member names only in their exact spelling, each once.
func UnmarshalJSON(body []byte, target any) error {
	if len(body) == 0 {
		return invalidJSON("the body is empty; send one JSON object")
	}
	value, err := strictjson.Parse(body)
	if err != nil {
		return notStrict(err)
	}
	if value.Kind == strictjson.Null {
		return invalidJSON("the body is null; send a JSON object")
	}
	if unknown := unknownNames("", value, reflect.TypeOf(target)); len(unknown) > 0 {
		return problem.Errorf(http.StatusBadRequest, CodeJSONUnknownName,
			"This call has no member %s; leave it out or correct the spelling.", list(unknown))
	}
	if err := json.Unmarshal(body, target); err != nil {
		return wrongType(err)
	}
	return nil
}

func invalidJSON(format string, args ...any) error {
	return problem.Errorf(http.StatusBadRequest, CodeJSONInvalid, format, args...)
}

func notStrict(err error) error {
	var refused *code.Error
	if !errors.As(err, &refused) {
		return err
	}
	return problem.Errorf(http.StatusBadRequest, string(refused.Code), "The body is not strict JSON: %s.", refused.Detail)
}

func wrongType(err error) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		// A type that reads itself, such as a time or an address. Its text says
		// what it wanted.
		return invalidJSON("a value could not be read: %s", err)
	}
	where := "the body"
	if mismatch.Field != "" {
		where = fmt.Sprintf("the member %q", mismatch.Field)
	}
	return invalidJSON("%s must be %s, not %s", where, jsonType(mismatch.Type), mismatch.Value)
}

// jsonType names a Go type as the caller of an API knows it.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number within range"
}

// unknownNames returns the paths of members that encoding/json would drop, or
// would take although they are spelled differently: "Access" for "access".
func unknownNames(path string, value strictjson.Value, t reflect.Type) []string {
	for t.Kind() == reflect.Pointer {
		if readsItself(t) {
			return nil
		}
		t = t.Elem()
	}
	if readsItself(reflect.PointerTo(t)) {
		return nil
	}
	switch {
	case value.Kind == strictjson.Object && t.Kind() == reflect.Struct:
		return unknownMembers(path, value, t)
	case value.Kind == strictjson.Object && t.Kind() == reflect.Map:
		var unknown []string
		for _, member := range value.Members {
			unknown = append(unknown, unknownNames(join(path, member.Name), member.Value, t.Elem())...)
		}
		return unknown
	case value.Kind == strictjson.Array && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		var unknown []string
		for i, element := range value.Elements {
			unknown = append(unknown, unknownNames(join(path, strconv.Itoa(i)), element, t.Elem())...)
		}
		return unknown
	}
	return nil
}

func unknownMembers(path string, value strictjson.Value, t reflect.Type) []string {
	known := make(map[string]reflect.Type)
	for _, field := range reflect.VisibleFields(t) {
		if name := memberName(field); name != "" {
			known[name] = field.Type
		}
	}
	var unknown []string
	for _, member := range value.Members {
		fieldType, ok := known[member.Name]
		if !ok {
			unknown = append(unknown, join(path, member.Name))
			continue
		}
		unknown = append(unknown, unknownNames(join(path, member.Name), member.Value, fieldType)...)
	}
	return unknown
}

// memberName is the name that encoding/json uses for a field, or "" if it uses
// none. The fields of an embedded struct stand for themselves.
func memberName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case !field.IsExported(), name == "-", field.Anonymous && name == "":
		return ""
	case name == "":
		return field.Name
	}
	return name
}

func readsItself(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Unmarshaler]()) || t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func list(names []string) string {
	more := ""
	if len(names) > maxNamesInDetail {
		more = fmt.Sprintf(" and %d more", len(names)-maxNamesInDetail)
		names = names[:maxNamesInDetail]
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ") + more
}

package server

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// document is the API's description, as far as tests look at it.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]operation
	whole   map[string]any
}

type operation struct {
	OperationID string
	Tags        []string
	RequestBody body
	Responses   map[string]body
}

type body struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema   map[string]any
		Examples map[string]struct{ Value any }
	}
	Headers map[string]struct {
		Required bool
		Schema   map[string]any
	}
}

func parseDocument(t testing.TB, text []byte) *document {
	t.Helper()
	d := &document{}
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d.whole); err != nil {
		t.Fatal(err)
	}
	return d
}

// at finds what a reference within the document points to.
func (d *document) at(ref string) any {
	var value any = d.whole
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		object, ok := value.(map[string]any)
		if !ok || object[name] == nil {
			panic("nothing at " + ref)
		}
		value = object[name]
	}
	return value
}

// response returns what is documented for a status.
func (d *document) response(t testing.TB, op operation, status int) body {
	t.Helper()
	response, ok := op.Responses[fmt.Sprint(status)]
	if !ok {
		t.Fatalf("%s: status %d is not documented", op.OperationID, status)
	}
	if response.Ref == "" {
		return response
	}
	text, err := json.Marshal(d.at(response.Ref))
	if err != nil {
		t.Fatal(err)
	}
	var resolved body
	if err := json.Unmarshal(text, &resolved); err != nil {
		t.Fatal(err)
	}
	return resolved
}

// check lists where value departs from the schema. It knows the keywords that
// the document uses and panics at any other, so that none goes unchecked. A
// member that is not documented is a departure, too.
func (d *document) check(where string, schema map[string]any, value any) []string {
	var wrong []string
	report := func(format string, args ...any) {
		wrong = append(wrong, where+": "+fmt.Sprintf(format, args...))
	}
	text, _ := value.(string)
	number, _ := value.(float64)
	object, _ := value.(map[string]any)
	for keyword, want := range schema {
		switch keyword {
		case "description", "examples", "additionalProperties":
			// Undocumented members are always reported.
		case "$ref":
			wrong = append(wrong, d.check(where, d.at(want.(string)).(map[string]any), value)...)
		case "type":
			if !hasType(value, want.(string)) {
				report("%v is not a %s", value, want)
			}
		case "const":
			if value != want {
				report("%v is not %v", value, want)
			}
		case "enum":
			if !slices.Contains(want.([]any), value) {
				report("%v is none of %v", value, want)
			}
		case "pattern":
			if !regexp.MustCompile(want.(string)).MatchString(text) {
				report("%q does not match %s", text, want)
			}
		case "format":
			if !hasFormat(text, want.(string)) {
				report("%q is no %s", text, want)
			}
		case "minLength":
			if hasType(value, "string") && utf8.RuneCountInString(text) < int(want.(float64)) {
				report("shorter than %v", want)
			}
		case "maxLength":
			if utf8.RuneCountInString(text) > int(want.(float64)) {
				report("longer than %v", want)
			}
		case "maxItems":
			if elements, _ := value.([]any); len(elements) > int(want.(float64)) {
				report("more than %v elements", want)
			}
		case "minimum":
			if number < want.(float64) {
				report("%v is below %v", number, want)
			}
		case "maximum":
			if number > want.(float64) {
				report("%v is above %v", number, want)
			}
		case "required":
			for _, name := range want.([]any) {
				if _, present := object[name.(string)]; !present {
					report("no %v", name)
				}
			}
		case "dependentRequired":
			for name, others := range want.(map[string]any) {
				for _, other := range others.([]any) {
					if object[name] != nil && object[other.(string)] == nil {
						report("%s without %s", name, other)
					}
				}
			}
		case "properties":
			for name, member := range object {
				property, documented := want.(map[string]any)[name].(map[string]any)
				if !documented {
					report("%s is not documented", name)
					continue
				}
				wrong = append(wrong, d.check(where+"."+name, property, member)...)
			}
		case "items":
			elements, _ := value.([]any)
			for i, element := range elements {
				wrong = append(wrong, d.check(fmt.Sprintf("%s[%d]", where, i), want.(map[string]any), element)...)
			}
		default:
			panic("this check does not know the keyword " + keyword)
		}
	}
	return wrong
}

func hasType(value any, name string) bool {
	switch name {
	case "string":
		_, ok := value.(string)
		return ok
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "integer":
		n, ok := value.(float64)
		return ok && n == float64(int64(n))
	case "array":
		_, ok := value.([]any)
		return ok
	case "object":
		_, ok := value.(map[string]any)
		return ok
	}
	panic("this check does not know the type " + name)
}

func hasFormat(text, name string) bool {
	switch name {
	case "date-time":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	case "uri":
		u, err := url.Parse(text)
		return err == nil && u.IsAbs()
	}
	panic("this check does not know the format " + name)
}

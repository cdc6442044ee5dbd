package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// reader reads one file. It goes through document and struct side by side, so
// that each wrong value is reported and not only the first.
type reader struct {
	path     string
	problems []error
}

func loadFile(path string, root reflect.Value) []error {
	data, err := readBounded(path, MaxFileSize, func(os.FileInfo) error { return nil })
	if err != nil {
		return []error{fmt.Errorf("config: %w", err)}
	}
	r := &reader{path: path}
	document, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.refuseYAML(nil, err)
		return r.problems
	}
	if len(document.Docs) > 1 {
		r.refuse(document.Docs[1].Start, "a second document begins here; put everything into one")
		return r.problems
	}
	if len(document.Docs) == 0 || document.Docs[0].Body == nil {
		return nil
	}
	body := document.Docs[0].Body
	if ast.Walk(plain{r}, body); len(r.problems) > 0 {
		return r.problems
	}
	r.section(body, root)
	return r.problems
}

// plain is a visitor that refuses what makes a text mean something else than it
// says. It also keeps a small file from unfolding into a large one.
type plain struct{ *reader }

func (p plain) Visit(node ast.Node) ast.Visitor {
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		p.refuse(node.GetToken(), "anchors and aliases are not read here; write the value where it is meant")
		return nil
	case *ast.TagNode, *ast.DirectiveNode:
		p.refuse(node.GetToken(), "tags and directives are not read here; write the plain value")
		return nil
	}
	return p
}

// refuse notes a problem at that token.
func (r *reader) refuse(at *token.Token, format string, args ...any) {
	where := r.path
	if at != nil && at.Position != nil {
		where = fmt.Sprintf("%s:%d:%d", r.path, at.Position.Line, at.Position.Column)
	}
	r.problems = append(r.problems, fmt.Errorf("config: %s: %s", where, fmt.Sprintf(format, args...)))
}

// refuseYAML notes an error of the YAML library, at its own place if it has one.
func (r *reader) refuseYAML(at *token.Token, err error) {
	var located yaml.Error
	if !errors.As(err, &located) {
		r.refuse(at, "%s", err)
		return
	}
	if located.GetToken() != nil {
		at = located.GetToken()
	}
	var mismatch *yaml.TypeError
	var overflow *yaml.OverflowError
	switch {
	case errors.As(err, &mismatch):
		r.refuse(at, "expected %s", expected(mismatch.DstType))
	case errors.As(err, &overflow):
		r.refuse(at, "expected %s", expected(overflow.DstType))
	default:
		r.refuse(at, "%s", located.GetMessage())
	}
}

// section reads the keys of a mapping into a struct. An optional section whose
// key is there is there, even if it is empty.
func (r *reader) section(node ast.Node, value reflect.Value) {
	entries, ok := r.entries(node)
	if !ok {
		return
	}
	value = made(value)
	keys := keysOf(value.Type())
	for _, entry := range entries {
		name := nameOf(entry)
		at := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if at < 0 {
			r.refuse(entry.Key.GetToken(), "unknown key %q%s", name, hint(name, keys))
			continue
		}
		r.value(entry.Value, value.FieldByIndex(keys[at].index))
	}
}

// entries returns a mapping's entries; an empty section is an empty mapping.
func (r *reader) entries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.NullNode:
		return nil, true
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	r.refuse(node.GetToken(), "keys and values are expected here, such as \"key: value\"")
	return nil, false
}

func nameOf(entry *ast.MappingValueNode) string {
	if text, ok := entry.Key.(*ast.StringNode); ok {
		return text.Value
	}
	return entry.Key.String()
}

// value reads a node into a field of any type.
func (r *reader) value(node ast.Node, value reflect.Value) {
	t := withoutPointer(value.Type())
	switch {
	case isSection(t):
		r.section(node, value)
	case node.Type() == ast.NullType:
		r.refuse(node.GetToken(), "the key has no value; give one or remove the key")
	case t == secretType:
		r.secret(node, made(value))
	case t == durationType:
		r.duration(node, made(value))
	case t.Kind() == reflect.Slice && isSection(withoutPointer(t.Elem())):
		r.list(node, made(value))
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && isSection(withoutPointer(t.Elem())):
		r.table(node, made(value))
	default:
		if err := yaml.NodeToValue(node, made(value).Addr().Interface(), yaml.Strict(), yaml.CustomUnmarshaler(unmarshalDuration), yaml.CustomUnmarshaler(unmarshalNetwork)); err != nil {
			r.refuseYAML(node.GetToken(), err)
		}
	}
}

func (r *reader) list(node ast.Node, value reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.refuse(node.GetToken(), "a list is expected here; begin each element with \"- \"")
		return
	}
	value.Set(reflect.MakeSlice(value.Type(), len(sequence.Values), len(sequence.Values)))
	for i, element := range sequence.Values {
		r.value(element, value.Index(i))
	}
}

func (r *reader) table(node ast.Node, value reflect.Value) {
	entries, ok := r.entries(node)
	if !ok {
		return
	}
	value.Set(reflect.MakeMap(value.Type()))
	for _, entry := range entries {
		element := reflect.New(value.Type().Elem()).Elem()
		r.value(entry.Value, element)
		value.SetMapIndex(reflect.ValueOf(nameOf(entry)).Convert(value.Type().Key()), element)
	}
}

func (r *reader) secret(node ast.Node, value reflect.Value) {
	var where struct {
		File string `yaml:"file"`
	}
	if _, isText := node.(*ast.StringNode); isText {
		r.refuse(node.GetToken(), "secrets are not written in this file; write {file: /path/to/the/secret}")
		return
	}
	before := len(r.problems)
	r.section(node, reflect.ValueOf(&where).Elem())
	if len(r.problems) > before {
		return
	}
	if where.File == "" {
		r.refuse(node.GetToken(), "write {file: /path/to/the/secret}")
		return
	}
	if !filepath.IsAbs(where.File) {
		where.File = filepath.Join(filepath.Dir(r.path), where.File)
	}
	secret, err := readSecret(where.File)
	if err != nil {
		r.refuse(node.GetToken(), "%s", err)
		return
	}
	value.Set(reflect.ValueOf(secret))
}

func (r *reader) duration(node ast.Node, value reflect.Value) {
	text, ok := node.(*ast.StringNode)
	if !ok {
		r.refuse(node.GetToken(), "%s is not a duration; write one with its unit, such as 90s, 15m, 24h or 7d", node)
		return
	}
	duration, err := ParseDuration(text.Value)
	if err != nil {
		r.refuse(node.GetToken(), "%s", err)
		return
	}
	value.SetInt(int64(duration))
}

// unmarshalDuration reads durations inside lists and maps.
func unmarshalDuration(d *time.Duration, text []byte) error {
	parsed, err := ParseDuration(strings.Trim(string(text), "\"' \n"))
	*d = parsed
	return err
}

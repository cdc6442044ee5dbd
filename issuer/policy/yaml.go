package policy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// MaxTextLength bounds every text in a policy file, in characters.
const MaxTextLength = 200

// reader takes a YAML tree apart and notes all that does not belong. Each method
// takes a node, which may be nil where one was missing, and what to call it; it
// returns the zero value for a node that it has complained about. Decoding into
// structs would be shorter, but would stop at the first problem.
type reader struct{ problems }

// pair is one entry of a mapping.
type pair struct {
	key   string
	line  int
	value ast.Node
}

// pairs reads a mapping whose keys are free, each of which may stand there once.
func (r *reader) pairs(node ast.Node, what string) []pair {
	if node == nil {
		return nil
	}
	mapping, ok := node.(ast.MapNode)
	if !ok {
		r.add(lineOf(node), "%s has to consist of \"key: value\" lines", what)
		return nil
	}
	var pairs []pair
	for entries := mapping.MapRange(); entries.Next(); {
		key := entries.Key()
		if _, merge := key.(*ast.MergeKeyNode); merge {
			r.add(lineOf(key), "\"<<\" is not supported: write the entries out")
			continue
		}
		name := r.text(key, "a key in "+what)
		if name == "" {
			continue
		}
		if slices.ContainsFunc(pairs, func(p pair) bool { return p.key == name }) {
			r.add(lineOf(key), "%q stands twice in %s: keep one", name, what)
			continue
		}
		pairs = append(pairs, pair{name, lineOf(key), entries.Value()})
	}
	return pairs
}

// fields reads a mapping whose keys are fixed.
func (r *reader) fields(node ast.Node, what string, required, optional []string) map[string]ast.Node {
	known := slices.Concat(required, optional)
	fields := map[string]ast.Node{}
	before := len(r.problems)
	for _, p := range r.pairs(node, what) {
		if !slices.Contains(known, p.key) {
			r.add(p.line, "%q is not known in %s: use %s", p.key, what, enumerate(known))
			continue
		}
		fields[p.key] = p.value
	}
	if node == nil || len(fields) == 0 && len(r.problems) > before {
		return fields
	}
	for _, key := range required {
		if _, present := fields[key]; !present {
			r.add(lineOf(node), "%s lacks %q: add it", what, key)
		}
	}
	return fields
}

// list reads a sequence.
func (r *reader) list(node ast.Node, what string) []ast.Node {
	if node == nil {
		return nil
	}
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.add(lineOf(node), "%s has to be a list, for example [a, b]", what)
		return nil
	}
	return sequence.Values
}

// texts reads a list of texts, none of which may repeat.
func (r *reader) texts(node ast.Node, what string) []string {
	var texts []string
	for _, item := range r.list(node, what) {
		text := r.text(item, "an entry of "+what)
		if text == "" {
			continue
		}
		if slices.Contains(texts, text) {
			r.add(lineOf(item), "%q stands twice in %s: keep one", text, what)
			continue
		}
		texts = append(texts, text)
	}
	return texts
}

// text reads a non-empty text. Numbers are taken as they are spelled, so that a
// version 14.6 needs no quotes. Anchors, aliases and tags are refused: a policy
// is read by people, and an alias within an alias grows without bound.
func (r *reader) text(node ast.Node, what string) string {
	if node == nil {
		return ""
	}
	var text string
	switch n := node.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		text = n.GetToken().Value
	case *ast.NullNode:
		r.add(lineOf(node), "%s is empty: fill it in", what)
		return ""
	default:
		r.add(lineOf(node), "%s has to be plain text on one line; put it in quotes if it is a word like true", what)
		return ""
	}
	switch {
	case strings.TrimSpace(text) == "":
		r.add(lineOf(node), "%s is empty: fill it in", what)
	case strings.TrimSpace(text) != text:
		r.add(lineOf(node), "%s starts or ends with a space: remove it", what)
	case utf8.RuneCountInString(text) > MaxTextLength:
		r.add(lineOf(node), "%s is longer than %d characters: shorten it", what, MaxTextLength)
	case strings.ContainsFunc(text, unicode.IsControl):
		r.add(lineOf(node), "%s contains characters that cannot be shown: remove them", what)
	default:
		return text
	}
	return ""
}

// lineOf returns the line on which a node begins.
func lineOf(node ast.Node) int {
	// A mapping's own token is the colon of its first entry or its brace.
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		return lineOf(mapping.Values[0].Key)
	}
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

// enumerate writes "a, b or c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

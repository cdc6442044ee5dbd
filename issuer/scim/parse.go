package scim

import (
	"encoding/json"
	"strings"
)

// Bounds of a filter, and of the path of a PATCH operation. The bound itself is
// allowed.
const (
	MaxFilter      = 4096 // bytes
	MaxFilterDepth = 16   // brackets in brackets
	MaxFilterTerms = 100  // comparisons in a filter
	MaxPathTerms   = 4    // comparisons in a path, which is tried on every value of an attribute
)

// parser reads filters (RFC 7644, figure 1) and paths (figure 7).
type parser struct {
	text  string
	at    int
	depth int
	terms int
	most  int  // comparisons
	kind  Type // of the errors: InvalidFilter or InvalidPath
}

// parseFilter reads a filter over resources of a type.
func parseFilter(t *resourceType, text string) (expression, error) {
	p := parser{text: text, most: MaxFilterTerms, kind: InvalidFilter}
	if err := p.fits(); err != nil {
		return nil, err
	}
	e, err := p.disjunction(scope{resource: t})
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.refuse("nothing can follow the filter")
	}
	return e, nil
}

// parsePath reads the place that a PATCH operation names.
func parsePath(t *resourceType, text string) (path, error) {
	p := parser{text: text, most: MaxPathTerms, kind: InvalidPath}
	if err := p.fits(); err != nil {
		return path{}, err
	}
	p.space()
	found, err := p.path(scope{resource: t})
	if err != nil {
		return path{}, err
	}
	if p.space(); p.at < len(p.text) {
		return path{}, p.refuse("nothing can follow the path")
	}
	found.text = text
	return found, nil
}

func (p *parser) fits() error {
	if len(p.text) > MaxFilter {
		return Refuse(p.kind, "It has %d bytes, at most %d are read.", len(p.text), MaxFilter)
	}
	return nil
}

func (p *parser) refuse(what string) error {
	return Refuse(p.kind, "At byte %d of %.200q: %s.", p.at, p.text, what)
}

func (p *parser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// take steps over a byte if it is next.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// word steps over a word, which ends at a space or a bracket.
func (p *parser) word() string {
	p.space()
	start := p.at
	for p.at < len(p.text) && !strings.ContainsRune(" ()[]\"", rune(p.text[p.at])) {
		p.at++
	}
	return p.text[start:p.at]
}

// keyword steps over a word if it is next, in any capitals.
func (p *parser) keyword(word string) bool {
	start := p.at
	if strings.EqualFold(p.word(), word) {
		return true
	}
	p.at = start
	return false
}

func (p *parser) enter() error {
	if p.depth == MaxFilterDepth {
		return p.refuse("brackets are nested too deep")
	}
	p.depth++
	return nil
}

func (p *parser) leave(closing byte) error {
	p.depth--
	if !p.take(closing) {
		return p.refuse("a bracket is not closed")
	}
	return nil
}

func (p *parser) disjunction(in scope) (expression, error) {
	left, err := p.conjunction(in)
	for err == nil && p.keyword("or") {
		var right expression
		right, err = p.conjunction(in)
		left = either{left, right}
	}
	return left, err
}

func (p *parser) conjunction(in scope) (expression, error) {
	left, err := p.term(in)
	for err == nil && p.keyword("and") {
		var right expression
		right, err = p.term(in)
		left = both{left, right}
	}
	return left, err
}

func (p *parser) term(in scope) (expression, error) {
	if p.take('(') {
		return p.group(in)
	}
	start := p.at
	if p.keyword("not") && p.take('(') {
		inner, err := p.group(in)
		return negation{inner}, err
	}
	p.at = start
	return p.comparison(in)
}

func (p *parser) group(in scope) (expression, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	inner, err := p.disjunction(in)
	if err != nil {
		return nil, err
	}
	return inner, p.leave(')')
}

// path reads an attribute's path, with the filter of its values if it has one.
func (p *parser) path(in scope) (path, error) {
	name := p.word()
	if !isName(name) {
		return path{}, p.refuse("here belongs the name of an attribute")
	}
	found := in.resolve(name)
	if p.at == len(p.text) || p.text[p.at] != '[' {
		return found, nil
	}
	if in.within != nil || found.sub != nil || !found.unknown && (found.attribute == nil || found.attribute.Type != typeComplex) {
		return path{}, p.refuse(name + " has no values to choose from")
	}
	p.at++
	return p.choice(in, found)
}

// choice reads the filter in an attribute's brackets and the sub-attribute behind.
func (p *parser) choice(in scope, found path) (path, error) {
	if err := p.enter(); err != nil {
		return path{}, err
	}
	filter, err := p.disjunction(scope{in.resource, found.attribute, found.unknown})
	if err != nil {
		return path{}, err
	}
	if err := p.leave(']'); err != nil {
		return path{}, err
	}
	if found.unknown {
		p.word() // whatever of it is meant
		return found, nil
	}
	found.filter = filter
	if p.at == len(p.text) || p.text[p.at] != '.' {
		return found, nil
	}
	p.at++
	name := p.word()
	if !isName(name) {
		return path{}, p.refuse("here belongs the name of a sub-attribute")
	}
	if found.sub = found.attribute.sub(name); found.sub == nil {
		return path{text: found.text, unknown: true}, nil
	}
	return found, nil
}

func (p *parser) comparison(in scope) (expression, error) {
	if p.terms++; p.terms > p.most {
		return nil, p.refuse("there are too many comparisons")
	}
	place, err := p.path(in)
	if err != nil {
		return nil, err
	}
	start := p.at
	operator := strings.ToLower(p.word())
	if operator == "pr" {
		return present{place}, nil
	}
	if place.filter != nil && (operator == "" || operator == "and" || operator == "or") {
		// attribute[filter] by itself: somebody passes.
		p.at = start
		return present{place}, nil
	}
	if !isOperator(operator) {
		return nil, p.refuse("here belongs one of eq, ne, co, sw, ew, gt, ge, lt, le and pr")
	}
	operand, err := p.literal()
	if err != nil {
		return nil, err
	}
	return p.compare(place, operator, operand)
}

// literal reads a JSON string, number, true, false or null.
func (p *parser) literal() (any, error) {
	p.space()
	start := p.at
	if p.at == len(p.text) || p.text[p.at] != '"' {
		p.word()
	} else {
		for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
			if p.text[p.at] == '\\' {
				p.at++
			}
		}
		p.at = min(p.at+1, len(p.text))
	}
	var value any
	if err := json.Unmarshal([]byte(p.text[start:p.at]), &value); err != nil {
		return nil, p.refuse(`here belongs a value such as "text", true or null`)
	}
	return value, nil
}

// isName reports whether a word can be an attribute's path: letters, digits and
// what stands in a schema's name.
func isName(word string) bool {
	if word == "" {
		return false
	}
	for _, c := range []byte(word) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("_-$.:", rune(c)) {
			return false
		}
	}
	return true
}

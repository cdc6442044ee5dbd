package scim

import (
	"slices"
	"strings"
	"time"
)

// expression is a filter, or part of one.
type expression interface {
	matches(object) bool
}

type both struct{ left, right expression }

func (e both) matches(o object) bool { return e.left.matches(o) && e.right.matches(o) }

type either struct{ left, right expression }

func (e either) matches(o object) bool { return e.left.matches(o) || e.right.matches(o) }

type negation struct{ of expression }

func (e negation) matches(o object) bool { return !e.of.matches(o) }

// present holds where there is a value.
type present struct{ at path }

func (e present) matches(o object) bool {
	if e.at.unknown || e.at.attribute == nil {
		return false
	}
	if e.at.sub == nil {
		return len(e.at.elements(o)) > 0
	}
	return len(e.at.values(o)) > 0
}

// comparison holds where one of the values compares as it says. Of what is not
// kept there is no value: nothing is equal to it.
type comparison struct {
	at       path
	operator string
	operand  any       // string, bool, float64 or nil
	instant  time.Time // the operand, where times are compared
	exact    bool      // whether capitals mean something
}

var operators = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

func isOperator(word string) bool { return slices.Contains(operators, word) }

// compare makes a comparison, or refuses one that makes no sense (RFC 7644,
// table 3).
func (p *parser) compare(at path, operator string, operand any) (expression, error) {
	c := comparison{at: at, operator: operator, operand: operand}
	of := at.leaf()
	if of != nil {
		of = of.compared()
	}
	c.exact = of != nil && of.CaseExact
	equality := operator == "eq" || operator == "ne"
	if _, isText := operand.(string); !equality && !isText {
		return nil, p.refuse(operator + ` compares with a "text"`)
	}
	switch {
	case of == nil:
	case of.Type == typeBoolean && !equality:
		return nil, p.refuse("true and false can only be compared with eq and ne")
	case of.Type == typeBoolean && operand != nil:
		truth, ok := boolean(operand)
		if !ok {
			return nil, p.refuse("here belongs true or false")
		}
		c.operand = truth
	case of.Type == typeDateTime && operand != nil:
		written, _ := operand.(string)
		at, err := time.Parse(time.RFC3339, written)
		if err != nil {
			return nil, p.refuse(`here belongs a time such as "2026-11-23T08:00:00Z"`)
		}
		c.instant = at
	}
	return c, nil
}

func (c comparison) matches(o object) bool {
	values := c.at.values(o)
	switch c.operator {
	case "eq":
		return c.any(values, c.equal)
	case "ne":
		return !c.any(values, c.equal)
	}
	return c.any(values, c.compares)
}

func (c comparison) any(values []any, holds func(any) bool) bool {
	if c.operand == nil {
		return len(values) == 0
	}
	return slices.ContainsFunc(values, holds)
}

func (c comparison) equal(value any) bool {
	if !c.instant.IsZero() {
		order, ok := c.order(value)
		return ok && order == 0
	}
	if written, isText := value.(string); isText {
		operand, isText := c.operand.(string)
		return isText && c.folded(written) == c.folded(operand)
	}
	return value == c.operand
}

func (c comparison) compares(value any) bool {
	written, _ := value.(string)
	operand, _ := c.operand.(string)
	written, operand = c.folded(written), c.folded(operand)
	order, ok := c.order(value)
	switch c.operator {
	case "co":
		return strings.Contains(written, operand)
	case "sw":
		return strings.HasPrefix(written, operand)
	case "ew":
		return strings.HasSuffix(written, operand)
	case "gt":
		return ok && order > 0
	case "ge":
		return ok && order >= 0
	case "lt":
		return ok && order < 0
	}
	return ok && order <= 0
}

// order compares a value with the operand; false if it can't be.
func (c comparison) order(value any) (int, bool) {
	written, isText := value.(string)
	if c.instant.IsZero() {
		operand, _ := c.operand.(string)
		return strings.Compare(c.folded(written), c.folded(operand)), isText
	}
	at, err := time.Parse(time.RFC3339, written)
	return at.Compare(c.instant), err == nil
}

// folded makes equal what is equal in other capitals, where those mean nothing.
func (c comparison) folded(written string) string {
	if c.exact {
		return written
	}
	return fold(written)
}

// fold is how a userName and other text of which capitals mean nothing is compared.
func fold(written string) string { return strings.ToLower(written) }

// boolean reads true and false, as text too: Entra sends "True" and "False".
func boolean(value any) (truth, ok bool) {
	switch value := value.(type) {
	case bool:
		return value, true
	case string:
		switch strings.ToLower(value) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
}

// equalities returns the comparisons by eq with a text that hold for whatever
// matches the filter.
func equalities(e expression) []comparison {
	switch e := e.(type) {
	case both:
		return append(equalities(e.left), equalities(e.right)...)
	case comparison:
		if _, isText := e.operand.(string); isText && e.operator == "eq" {
			return []comparison{e}
		}
	}
	return nil
}

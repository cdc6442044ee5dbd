package policy

import (
	"errors"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// MaxRuleCost bounds the work of one expression for one person at one instant,
// in CEL's units: about one for each step. A rule that compares everything a
// person has with everything else stays far below it. The bound is in work and
// not in time, because a slow machine must not come to another answer.
const MaxRuleCost = 20_000

// Rule is a requirement beyond courses and device rules, as two CEL expressions.
// See the package documentation for what they can ask about.
type Rule struct {
	Name     string // subject of its reasons
	Access   Access // the access that needs it; empty when everyone does
	When     string // whom the rule is for; empty means everybody
	Requires string // what has to hold
	Reason   string // what is wrong when it does not, for people
	Link     string // https address where that is put right; may be empty

	when     cel.Program // nil without When
	requires cel.Program
}

// Rule returns the rule with the given name.
func (p *Policy) Rule(name string) (Rule, bool) {
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		return Rule{}, false
	}
	return p.Rules[i], true
}

// ruleReasons says which rules are not met, of those for one access or, without
// one, of those for everyone.
func (c *personCase) ruleReasons(access Access, inForce []*completion, at time.Time) []Reason {
	if len(c.policy.Rules) == 0 {
		return nil
	}
	var reasons []Reason
	facts := facts{c: c, inForce: inForce, at: at}
	for i := range c.policy.Rules {
		rule := &c.policy.Rules[i]
		if rule.Access != access {
			continue
		}
		met, err := rule.met(&facts)
		switch {
		case err != nil: // in doubt, refuse
			reasons = append(reasons, Reason{Kind: RuleFailed, Subject: rule.Name})
		case !met:
			reasons = append(reasons, Reason{Kind: RuleUnmet, Subject: rule.Name})
		}
	}
	return reasons
}

// met reports whether the rule does not concern these facts, or is satisfied by
// them.
func (r *Rule) met(f *facts) (bool, error) {
	if r.when != nil {
		concerned, err := holds(r.when, f)
		if err != nil || !concerned {
			return err == nil, err
		}
	}
	return holds(r.requires, f)
}

func holds(program cel.Program, f *facts) (bool, error) {
	if program == nil {
		return false, errors.New("the rule was not compiled")
	}
	value, _, err := program.Eval(f)
	if err != nil {
		return false, err
	}
	return value == types.True, nil
}

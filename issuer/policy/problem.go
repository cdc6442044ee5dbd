package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Problem is one thing wrong in a policy file, and what to do about it. What
// [Parse] returns is all of them joined; errors.As finds the first.
type Problem struct {
	Line    int // counted from 1; 0 when it concerns the file as a whole
	Message string
}

// Error returns the problem with its line.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return "policy: " + p.Message
	}
	return fmt.Sprintf("policy line %d: %s", p.Line, p.Message)
}

// problems collects everything that is wrong with one file.
type problems []*Problem

func (p *problems) add(line int, format string, args ...any) {
	*p = append(*p, &Problem{line, fmt.Sprintf(format, args...)})
}

// err returns all problems in the order of their lines, or nil.
func (p problems) err() error {
	slices.SortStableFunc(p, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(p))
	for i, problem := range p {
		errs[i] = problem
	}
	return errors.Join(errs...)
}

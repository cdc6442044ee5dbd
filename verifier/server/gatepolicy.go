package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cyberbadge/cyberbadge/verifier"
)

// checkPolicies looks for policies that nobody could meet together with the
// verifier's own. Without it a tablet that decides by both would find no role
// left to ask for, which reads as any role.
func checkPolicies(own verifier.Policy, named map[string]verifier.Policy) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if name == "" {
			problems = append(problems, errors.New("a policy without a name; the verifier's own needs none"))
		}
		_, err := both(own, named[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("policy %q: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

// both returns the one policy that asks for what the two ask for.
func both(a, b verifier.Policy) (verifier.Policy, error) {
	roles, err := common("role", a.Roles, b.Roles)
	if err != nil {
		return verifier.Policy{}, err
	}
	organizations, err := common("organization", a.Organizations, b.Organizations)
	if err != nil {
		return verifier.Policy{}, err
	}
	courses := slices.Concat(a.Courses, b.Courses)
	slices.Sort(courses)
	return verifier.Policy{
		Roles:         roles,
		Organizations: organizations,
		Courses:       slices.Compact(courses),
		Equipment:     a.Equipment || b.Equipment,
		Name:          a.Name || b.Name,
		Picture:       a.Picture || b.Picture,
	}, nil
}

// common returns the values that both lists take. An empty list takes all.
func common(what string, a, b []string) ([]string, error) {
	switch {
	case slices.Contains(a, "") || slices.Contains(b, ""):
		return nil, fmt.Errorf("an empty %s: whoever shows nothing would meet it", what)
	case len(a) == 0:
		return b, nil
	case len(b) == 0:
		return a, nil
	}
	var shared []string
	for _, value := range a {
		if slices.Contains(b, value) {
			shared = append(shared, value)
		}
	}
	if len(shared) == 0 {
		return nil, fmt.Errorf("no %s meets it and the verifier's own policy, which asks for one of %q", what, a)
	}
	return shared, nil
}

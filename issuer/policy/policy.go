package policy

import (
	_ "embed"
	"slices"
	"strings"
	"time"
)

// Access is a kind of work that a badge opens the door to.
type Access string

// The accesses that a policy can give.
const (
	Onsite Access = "onsite" // entering a customer's premises
	Remote Access = "remote" // entering a customer's network
)

// Policy says what evidence makes a person eligible, and for which access. It
// comes out of [Parse] or [Default], which leave nothing in it unchecked; it is
// not to be changed afterwards, and then is safe for concurrent use.
type Policy struct {
	Name     string
	Courses  []Course // every course that counts, in the file's order
	Everyone []string // codes of the courses that everyone needs
	Devices  DeviceRules
	Access   []AccessRule // sorted by access, each access at most once
	Rules    []Rule       // what else is required, in the file's order
	Ladder   Ladder       // when a lapse sets off what
	Stock    int          // badges that a phone may hold, good one after the other: [MinStock] to [MaxStock]
	Help     string       // where people ask, as an https, mailto or tel address; may be empty

	digest string
}

// Course is a training that counts.
type Course struct {
	Code     string
	Title    string
	Standard string        // the standard it teaches, for example "IEC 62443-2-4"; may be empty
	ValidFor time.Duration // how long after passing it, up to [MaxValidFor]
	Link     string        // https address where it is taken; may be empty
}

// DeviceRules are what every device of a person has to satisfy.
type DeviceRules struct {
	Compliance         []string // the device manager's verdicts that are good enough
	EncryptionRequired bool
	MinimumOS          []MinimumOS   // an operating system that is not here is outdated
	SeenWithin         time.Duration // up to [MaxSeenWithin]
	Link               string        // https address that tells how to put a device right; may be empty
}

// MinimumOS is the oldest acceptable version of one operating system.
type MinimumOS struct {
	Name    string // compared without regard to case
	Version Version
}

// AccessRule says who gets one access, once the base requirements hold.
type AccessRule struct {
	Access      Access
	ExceptRoles []string // compared without regard to case: spelling must not get anybody past the rule
	Courses     []string // codes of the courses that it needs beside those that everyone needs
}

// Course returns the course with the given code.
func (p *Policy) Course(code string) (Course, bool) {
	i := p.courseIndex(code)
	if i < 0 {
		return Course{}, false
	}
	return p.Courses[i], true
}

// courseIndex returns the place of a course in p.Courses, or -1. A policy has
// few courses: looking along the list beats hashing.
func (p *Policy) courseIndex(code string) int {
	return slices.IndexFunc(p.Courses, func(c Course) bool { return c.Code == code })
}

// excludes reports whether the rule shuts out the role.
func (r AccessRule) excludes(role string) bool {
	return slices.ContainsFunc(r.ExceptRoles, func(except string) bool {
		return strings.EqualFold(except, strings.TrimSpace(role))
	})
}

//go:embed default.yaml
var defaultYAML string

// DefaultYAML returns the reference policy as a commented file, to start from.
func DefaultYAML() string { return defaultYAML }

// Default returns the reference policy.
func Default() *Policy {
	p, err := Parse([]byte(defaultYAML))
	if err != nil {
		panic("policy: the built-in policy is broken: " + err.Error())
	}
	return p
}

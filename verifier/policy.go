package verifier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// Policy is what a site asks for beyond a good badge that grants the access.
// The zero Policy asks for nothing more. What the holder did not disclose
// counts as not there.
type Policy struct {
	Roles         []string `json:"roles,omitempty"`         // one of these
	Organizations []string `json:"organizations,omitempty"` // one of these
	Courses       []string `json:"courses,omitempty"`       // all of these, valid now
	Equipment     bool     `json:"equipment,omitempty"`     // equipment found compliant
	Name          bool     `json:"name,omitempty"`          // given and family name disclosed
	Picture       bool     `json:"picture,omitempty"`       // a picture to compare
}

// validate refuses empty demands: what a holder did not disclose is empty, too,
// and would meet them.
func (p Policy) validate() error {
	var problems []error
	for _, demand := range []struct {
		name   string
		values []string
	}{{"Roles", p.Roles}, {"Organizations", p.Organizations}, {"Courses", p.Courses}} {
		if slices.Contains(demand.values, "") {
			problems = append(problems, fmt.Errorf("the policy's %s hold an empty text: whoever shows nothing would meet it", demand.name))
		}
	}
	return errors.Join(problems...)
}

// check returns claim_policy for the first demand that is not met.
func (p Policy) check(c *credential.Claims, now time.Time) error {
	switch {
	case p.Name && (c.GivenName == "" || c.FamilyName == ""):
		return refusePolicy("the site asks for the name")
	case p.Picture && c.Picture == "":
		return refusePolicy("the site asks for the picture")
	case len(p.Roles) > 0 && !slices.Contains(p.Roles, c.Role):
		return refusePolicy("the site asks for one of the roles " + strings.Join(p.Roles, ", "))
	case len(p.Organizations) > 0 && !slices.Contains(p.Organizations, c.Organization):
		return refusePolicy("the site asks for one of the organizations " + strings.Join(p.Organizations, ", "))
	case p.Equipment && (c.Equipment == nil || !c.Equipment.Compliant):
		return refusePolicy("the site asks for compliant equipment")
	}
	for _, course := range p.Courses {
		if !holds(c.Training, course, now) {
			return refusePolicy("the site asks for the course " + course)
		}
	}
	return nil
}

func refusePolicy(detail string) error { return &code.Error{Code: code.ClaimPolicy, Detail: detail} }

func holds(training []credential.Training, course string, now time.Time) bool {
	for _, t := range training {
		if t.Course == course && now.Before(t.ValidUntil) {
			return true
		}
	}
	return false
}

package verifiertest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// Run has every case decided by decide, each in a test of its own, and checks the
// answers. It is how each front end shows that it refuses what the others refuse.
// decide is called once for each case; where the case has a Before it presents
// that first, to the same verifier.
func Run(t *testing.T, decide func(t *testing.T, c Case) verifier.Decision) {
	for _, c := range Cases(t) {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			c.Check(t, decide(t, c))
		})
	}
}

// Check compares a decision with what the case wants, and with what holds for
// every decision.
func (c Case) Check(t testing.TB, d verifier.Decision) {
	t.Helper()
	if d.Reason != c.Reason || d.Code != c.Code {
		t.Errorf("%s\ngot  %s (%s) %s\nwant %s (%s)", c.Comment, d.Reason, d.Code, d.Detail, c.Reason, c.Code)
	}
	CheckSound(t, d)
}

// CheckSound checks what holds for every decision: that it allows exactly when
// its reason is ok, that all checks passed then, that its code belongs to its
// reason, and that it does not show the badge of somebody who was not proven to
// hold it.
func CheckSound(t testing.TB, d verifier.Decision) {
	t.Helper()
	signalled := d.Code == code.StatusSignalled && d.Reason == verifier.Suspended // one code for both
	if d.Allow != (d.Reason == verifier.OK) || d.Reason != verifier.ReasonFor(d.Code) && !signalled {
		t.Errorf("allow %v, reason %s, code %q contradict each other", d.Allow, d.Reason, d.Code)
	}
	held, failed := false, verifier.Check{}
	for _, check := range d.Checks {
		if check.Name == verifier.CheckHolder && check.Result == verifier.Passed {
			held = true
		}
		if failed.Name == "" && check.Result != verifier.Passed {
			failed = check
		}
	}
	if failed.Code != d.Code || d.Allow && failed.Name != "" {
		t.Errorf("the first check that did not pass is %+v, the decision's code is %q", failed, d.Code)
	}
	if held != (d.Badge != nil) {
		t.Errorf("holder proven: %v, badge shown: %v", held, d.Badge != nil)
	}
	if !held {
		checkSilent(t, d)
	}
}

// checkSilent looks for the person in a decision that must not show one.
func checkSilent(t testing.TB, d verifier.Decision) {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	person := credentialtest.Claims()
	for _, secret := range []string{person.Subject, person.GivenName, person.FamilyName, person.EmployeeNumber, person.Role} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the decision shows %q: %s", secret, text)
		}
	}
}

// Config is the configuration of the verifier that the case is presented to: it
// fetches from the lists, and its clock stands still.
func (c Case) Config(t testing.TB, lists *Lists) verifier.Config {
	t.Helper()
	return verifier.Config{
		Trust:        Trust(t),
		Fetcher:      lists,
		MaxStatusAge: c.MaxStatusAge,
		Policy:       c.Policy,
		AllowUnbound: c.AllowUnbound,
		Now:          func() time.Time { return c.Clock },
	}
}

// Serve returns the lists of the case where a verifier can fetch them.
func (c Case) Serve() *Lists {
	lists := NewLists()
	for _, list := range c.Lists {
		if list.Fails != "" {
			lists.Fail(list.URI, errors.New(list.Fails))
		} else {
			lists.Put(list.URI, list.Token)
		}
	}
	return lists
}

// Decide is what Go programs do with a case: a verifier of its own, and one or
// two presentations.
func (c Case) Decide(t testing.TB, lists *Lists) verifier.Decision {
	t.Helper()
	v, err := verifier.New(c.Config(t, lists))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if c.Before != "" {
		v.Verify(context.Background(), c.Before, c.Request)
	}
	return v.Verify(context.Background(), c.Presentation, c.Request)
}

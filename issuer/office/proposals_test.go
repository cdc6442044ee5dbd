package office_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const thing office.Kind = "thing"

// actors are who the tests have.
type actors struct{ clerk, token, zoe, ada office.Actor }

func newActors() actors {
	officer := func(id string, role office.Role) office.Actor {
		return office.Actor{By: "officer:" + id, OfficerID: id, Role: role, SignedIn: true, AuthenticatedAt: start}
	}
	return actors{
		clerk: officer("clerk", office.RoleOfficer),
		token: office.Actor{By: "token:1", OfficerID: "zoe"},
		zoe:   officer("zoe", office.RoleAdmin),
		ada:   officer("ada", office.RoleAdmin),
	}
}

// proposing is an office in which a thing can be proposed.
func proposing(t *testing.T) (*room, *action, actors) {
	t.Helper()
	a := new(action)
	r := furnish(t, func(c *office.Config) { c.Actions = map[office.Kind]office.Action{thing: a} })
	return r, a, newActors()
}

func (r *room) propose(t *testing.T, who office.Actor) office.Proposal {
	t.Helper()
	p, err := r.Propose(t.Context(), who, thing, json.RawMessage(`{}`), "because")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProposal_IsDoneOnceWhenAnotherAdminApproves(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(actors) office.Actor{
		"an officer's":    func(a actors) office.Actor { return a.clerk },
		"an admin's":      func(a actors) office.Actor { return a.zoe },
		"a token's":       func(a actors) office.Actor { return a.token },
		"the operator's":  func(actors) office.Actor { return office.Actor{By: "local:root", Operator: true} },
		"nobody's, which": func(actors) office.Actor { return office.Actor{By: "token:old"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, a, who := proposing(t)
			p := r.propose(t, by(who))
			if p.State != office.Open || p.Summary != "does a thing" || !p.ExpiresAt.Equal(start.Add(office.DefaultProposalLife)) {
				t.Errorf("%+v", p)
			}
			done, err := r.Approve(t.Context(), who.ada, p.ID)
			if err != nil || done.State != office.Executed || done.DecidedBy != "officer:ada" || !done.FinishedAt.Equal(start) {
				t.Fatalf("%+v, %v", done, err)
			}
			_, err = r.Approve(t.Context(), who.ada, p.ID)
			refused(t, err, office.NotOpen)
			if err := r.Resume(t.Context()); err != nil || a.times() != 1 {
				t.Errorf("done %d times, %v", a.times(), err)
			}
			want := fmt.Sprintf("proposal.opened %[1]s %[2]s\nproposal.approved %[1]s officer:ada\nproposal.executed %[1]s officer:ada", p.ID, p.By)
			if got := strings.Join(r.records.Events(), "\n"); got != want {
				t.Errorf("events\n%s", got)
			}
		})
	}
}

func TestProposal_NobodyApprovesTheirOwn(t *testing.T) {
	t.Parallel()
	r, a, who := proposing(t)
	operator := office.Actor{By: "local:root", Operator: true}
	byToken := who.token
	byToken.Role = office.RoleAdmin
	own := r.propose(t, who.zoe)
	by := map[string]office.Proposal{"in person": own, "by a token": r.propose(t, who.token)}
	for name, p := range by {
		_, err := r.Approve(t.Context(), who.zoe, p.ID)
		if refused(t, err, office.FourEyes); t.Failed() {
			t.Fatal(name)
		}
	}
	clerks := r.propose(t, who.clerk)
	promoted := who.clerk
	promoted.Role = office.RoleAdmin
	for name, other := range map[string]office.Actor{
		"an officer":                   {By: "officer:x", OfficerID: "x", Role: office.RoleOfficer, SignedIn: true, AuthenticatedAt: start},
		"a viewer":                     {By: "officer:x", OfficerID: "x", Role: office.RoleViewer, SignedIn: true, AuthenticatedAt: start},
		"a token of an admin":          byToken,
		"the operator":                 operator,
		"nobody":                       {},
		"who proposed it, promoted":    promoted,
		"an admin who is not anybody ": {By: "officer:", Role: office.RoleAdmin, SignedIn: true, AuthenticatedAt: start},
	} {
		_, err := r.Approve(t.Context(), other, clerks.ID)
		if refused(t, err, office.FourEyes); t.Failed() {
			t.Fatal(name)
		}
	}
	if a.times() != 0 {
		t.Error("it was done")
	}
}

func TestProposal_ApprovingTakesAFreshSignIn(t *testing.T) {
	t.Parallel()
	r, _, who := proposing(t)
	p := r.propose(t, who.clerk)
	never := who.ada
	never.AuthenticatedAt = time.Time{}
	_, err := r.Approve(t.Context(), never, p.ID)
	refused(t, err, office.StepUpRequired)
	r.Move(office.StepUpAge + 1)
	_, err = r.Approve(t.Context(), who.ada, p.ID)
	refused(t, err, office.StepUpRequired)
	r.Move(-1)
	if _, err = r.Approve(t.Context(), who.ada, p.ID); err != nil {
		t.Error(err)
	}
}

func TestProposal_Expires(t *testing.T) {
	t.Parallel()
	r, a, who := proposing(t)
	late, intime := r.propose(t, who.clerk), r.propose(t, who.clerk)
	approver := who.ada
	r.Move(office.DefaultProposalLife - time.Microsecond)
	approver.AuthenticatedAt = r.Now()
	if _, err := r.Approve(t.Context(), approver, intime.ID); err != nil {
		t.Errorf("just in time: %v", err)
	}
	r.Move(time.Microsecond)
	_, err := r.Approve(t.Context(), approver, late.ID)
	refused(t, err, office.NotOpen)
	_, err = r.Withdraw(t.Context(), who.clerk, late.ID)
	refused(t, err, office.NotOpen)
	all, err := r.Proposals(t.Context(), 10)
	if err != nil || len(all) != 2 || all[0].State != office.Executed || all[1].State != office.Expired {
		t.Errorf("%+v, %v", all, err)
	}
	if a.times() != 1 {
		t.Errorf("done %d times", a.times())
	}
}

func TestProposal_IsWithdrawnByWhoseItIsAndRejectedByAdmins(t *testing.T) {
	t.Parallel()
	r, a, who := proposing(t)
	p := r.propose(t, who.clerk)
	for _, other := range []office.Actor{who.ada, who.token, {By: "local", Operator: true}, {}} {
		_, err := r.Withdraw(t.Context(), other, p.ID)
		refused(t, err, office.FourEyes)
	}
	got, err := r.Withdraw(t.Context(), who.clerk, p.ID)
	if err != nil || got.State != office.Withdrawn {
		t.Errorf("%+v, %v", got, err)
	}
	p = r.propose(t, who.token)
	if got, err := r.Withdraw(t.Context(), who.zoe, p.ID); err != nil || got.State != office.Withdrawn {
		t.Errorf("a token's, by its officer: %+v, %v", got, err)
	}
	p = r.propose(t, who.clerk)
	for _, other := range []office.Actor{who.clerk, who.token, {By: "local", Operator: true}} {
		_, err := r.Reject(t.Context(), other, p.ID, "no")
		refused(t, err, office.FourEyes)
	}
	for _, note := range []string{"", " ", strings.Repeat("x", office.MaxReason+1)} {
		_, err = r.Reject(t.Context(), who.ada, p.ID, note)
		refused(t, err, office.Invalid)
	}
	got, err = r.Reject(t.Context(), who.ada, p.ID, strings.Repeat("x", office.MaxReason))
	if err != nil || got.State != office.Rejected || len(got.Note) != office.MaxReason {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = r.Approve(t.Context(), who.zoe, p.ID)
	refused(t, err, office.NotOpen)
	if a.times() != 0 {
		t.Error("it was done")
	}
}

func TestProposal_OfManyWhoDecideOneDoes(t *testing.T) {
	t.Parallel()
	r, a, who := proposing(t)
	p := r.propose(t, who.clerk)
	var deciders sync.WaitGroup
	errs := make(chan error, 100)
	for i := range 100 {
		deciders.Go(func() {
			admin := office.Actor{By: fmt.Sprint("officer:a", i), OfficerID: fmt.Sprint("a", i), Role: office.RoleAdmin, SignedIn: true, AuthenticatedAt: start}
			var err error
			if i%10 == 0 {
				err = r.Resume(t.Context())
			} else {
				_, err = r.Approve(t.Context(), admin, p.ID)
			}
			if i%10 != 0 {
				errs <- err
			}
		})
	}
	deciders.Wait()
	close(errs)
	good := 0
	for err := range errs {
		if err == nil {
			good++
			continue
		}
		refused(t, err, office.NotOpen)
	}
	if good != 1 || a.times() != 1 {
		t.Errorf("%d approvals, done %d times", good, a.times())
	}
}

func TestProposal_WhatWasApprovedIsDoneAfterARestart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail  string // the change of the store that does not come through
		times int
	}{
		"died before it was done":      {"", 1},
		"died before the end was told": {"FinishProposal", 2}, // which is why what is done must bear it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, a, who := proposing(t)
			p := r.propose(t, who.clerk)
			if c.fail == "" {
				a.do = func(office.Proposal) error { return store.ErrUnavailable }
			} else {
				r.records.Fail = func(change string) error {
					if change == c.fail {
						return store.ErrUnavailable
					}
					return nil
				}
			}
			if _, err := r.Approve(t.Context(), who.ada, p.ID); !errors.Is(err, store.ErrUnavailable) {
				t.Fatal(err)
			}
			if got, _ := r.Proposal(t.Context(), p.ID); got.State != office.Approved {
				t.Errorf("%+v", got)
			}
			a.do, r.records.Fail = nil, nil
			restarted, err := office.New(r.config)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if err := restarted.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got, _ := r.Proposal(t.Context(), p.ID); got.State != office.Executed || a.times() != c.times {
				t.Errorf("%+v, done %d times", got, a.times())
			}
		})
	}
}

func TestProposal_WhatCannotBeDoneHasFailed(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"it could not be done; the log says why":                          errors.New("person Zoë has 3 badges"),
		"value_invalid: no":                                               &office.RefusedError{Reason: office.Invalid, Detail: "no"},
		"last_admin: the last admin stays until there is another":         fmt.Errorf("store: %w", office.ErrLastAdmin),
		"value_invalid: " + strings.Repeat("x", office.MaxSummary-1) + "": &office.RefusedError{Reason: office.Invalid, Detail: strings.Repeat("x", office.MaxSummary-1)},
	} {
		r, a, who := proposing(t)
		a.do = func(office.Proposal) error { return err }
		p := r.propose(t, who.clerk)
		got, failed := r.Approve(t.Context(), who.ada, p.ID)
		if failed != nil || got.State != office.Failed || got.Failure != want {
			t.Errorf("%+v, %v", got, failed)
		}
		if err := r.Resume(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestProposal_IsLookedAtAgainWhenItIsApproved(t *testing.T) {
	t.Parallel()
	r, a, who := proposing(t)
	p := r.propose(t, who.clerk)
	a.check = &office.RefusedError{Reason: office.Invalid, Detail: "not any more"}
	_, err := r.Approve(t.Context(), who.ada, p.ID)
	refused(t, err, office.Invalid)
	if got, _ := r.Proposal(t.Context(), p.ID); got.State != office.Open {
		t.Errorf("%+v", got)
	}
}

func TestProposal_BoundsAndOneBeyond(t *testing.T) {
	t.Parallel()
	r, _, who := proposing(t)
	payload := func(size int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", size-2) + `"`) }
	for name, c := range map[string]struct {
		kind    office.Kind
		payload json.RawMessage
		reason  string
		want    office.Reason
	}{
		"the longest payload":  {thing, payload(office.MaxPayload), "x", ""},
		"a payload too long":   {thing, payload(office.MaxPayload + 1), "x", office.Invalid},
		"no payload":           {thing, nil, "x", office.Invalid},
		"the longest reason":   {thing, payload(2), strings.Repeat("x", office.MaxReason), ""},
		"a reason too long":    {thing, payload(2), strings.Repeat("x", office.MaxReason+1), office.Invalid},
		"no reason":            {thing, payload(2), "", office.Invalid},
		"a reason that is not": {thing, payload(2), "\xff", office.Invalid},
		"an unknown kind":      {"other", payload(2), "x", office.KindUnknown},
		"a kind without power": {office.KeyChange, payload(2), "x", office.KindUnknown},
	} {
		_, err := r.Propose(t.Context(), who.clerk, c.kind, c.payload, c.reason)
		if c.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != "" {
			refused(t, err, c.want)
		}
	}
	for range office.MaxOpenProposals - 2 {
		r.propose(t, who.clerk)
	}
	_, err := r.Propose(t.Context(), who.clerk, thing, payload(2), "x")
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("one more open: %v", err)
	}
	r.Move(office.DefaultProposalLife)
	r.propose(t, who.clerk) // those have expired
	for _, limit := range []int{0, store.MaxPage + 1} {
		if _, err := r.Proposals(t.Context(), limit); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%d of them: %v", limit, err)
		}
	}
	_, err = r.Approve(t.Context(), who.ada, "nothing")
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

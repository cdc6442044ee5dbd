package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var proposalTests = []test{
	{"a proposal comes back and is decided and done", proposalDone},
	{"a proposal is decided once, in time, and not by whose it is", proposalDecided},
	{"of many who decide at once one does", proposalRace},
	{"proposals come the newest first", proposalOrder},
	{"so many are open at once", proposalBound},
	{"a proposal that breaks a rule is refused", proposalInvalid},
}

func proposal(id string) store.Proposal {
	return store.Proposal{
		ID: id, Kind: "policy.change", Payload: json.RawMessage(`{"policy":"…"}`), Summary: "a policy", Reason: "a new course",
		By: "officer:zoe", OfficerID: "zoe", CreatedAt: now, ExpiresAt: now.Add(72 * time.Hour), State: store.Open,
	}
}

func mustPropose(t *testing.T, s store.Store, id string) {
	t.Helper()
	check(t, s.AddProposal(t.Context(), proposal(id)), nil)
}

func decisionOn(id string, to store.ProposalState) store.Decision {
	return store.Decision{ProposalID: id, To: to, By: "officer:ada", OfficerID: "ada", Note: "a note", At: now.Add(time.Hour)}
}

func mustDecide(t *testing.T, s store.Store, id string, to store.ProposalState) store.Proposal {
	t.Helper()
	p, err := s.DecideProposal(t.Context(), decisionOn(id, to))
	check(t, err, nil)
	return p
}

func proposalDone(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	mustPropose(t, s, "p")
	check(t, s.AddProposal(t.Context(), proposal("p")), store.ErrAlreadyExists)
	got, err := s.Proposal(t.Context(), "p")
	check(t, err, nil)
	equal(t, "proposal", got, proposal("p"))
	_, err = s.Proposal(t.Context(), "nothing")
	check(t, err, store.ErrNotFound)
	_, err = s.FinishProposal(t.Context(), "p", "", now)
	check(t, err, store.ErrConflict)

	want := proposal("p")
	want.State, want.DecidedBy, want.DecidedAt, want.Note = store.Approved, "officer:ada", now.Add(time.Hour), "a note"
	equal(t, "approved", mustDecide(t, s, "p", store.Approved), want)
	left, err := s.ApprovedProposals(t.Context())
	check(t, err, nil)
	equal(t, "to be done", left, []store.Proposal{want})
	want.State, want.FinishedAt = store.Executed, now.Add(2*time.Hour)
	for _, failure := range []string{"", "too late"} { // the first stays
		got, err = s.FinishProposal(t.Context(), "p", failure, now.Add(2*time.Hour))
		check(t, err, nil)
		equal(t, "done", got, want)
	}
	left, err = s.ApprovedProposals(t.Context())
	check(t, err, nil)
	equal(t, "to be done", len(left), 0)

	mustPropose(t, s, "q")
	mustDecide(t, s, "q", store.Approved)
	got, err = s.FinishProposal(t.Context(), "q", "no room", now)
	check(t, err, nil)
	equal(t, "failed", []string{string(got.State), got.Failure}, []string{"failed", "no room"})
	var names []string
	for _, e := range events(t, s, before) {
		names = append(names, fmt.Sprintf("%s %s %s", e.Kind, e.Subject, e.By))
		if e.Kind == store.ProposalOpened && !strings.Contains(string(e.Detail), `"sha256":"`) {
			t.Errorf("%s", e.Detail)
		}
	}
	equal(t, "events", strings.Join(names, "\n"), strings.Join([]string{
		"proposal.opened p officer:zoe", "proposal.approved p officer:ada", "proposal.executed p officer:ada",
		"proposal.opened q officer:zoe", "proposal.approved q officer:ada", "proposal.failed q officer:ada",
	}, "\n"))
}

func proposalDecided(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	decide := func(id string, change func(*store.Decision), want error) {
		t.Helper()
		d := decisionOn(id, store.Approved)
		change(&d)
		_, err := s.DecideProposal(t.Context(), d)
		check(t, err, want)
	}
	mustPropose(t, s, "p")
	quiet(t, s, func() {
		decide("nothing", func(*store.Decision) {}, store.ErrNotFound)
		decide("p", func(d *store.Decision) { d.OfficerID = "zoe" }, store.ErrConflict)
		decide("p", func(d *store.Decision) { d.By = "officer:zoe" }, store.ErrConflict)
		decide("p", func(d *store.Decision) { d.OfficerID = "" }, store.ErrInvalid)
		decide("p", func(d *store.Decision) { d.To = store.Executed }, store.ErrInvalid)
		decide("p", func(d *store.Decision) { d.To = "" }, store.ErrInvalid)
		decide("p", func(d *store.Decision) { d.At = now.Add(72 * time.Hour) }, store.ErrConflict)
	})
	decide("p", func(d *store.Decision) { d.At = now.Add(72*time.Hour - time.Microsecond) }, nil)
	for _, to := range []store.ProposalState{store.Approved, store.Rejected, store.Withdrawn} {
		decide("p", func(d *store.Decision) { d.To = to }, store.ErrConflict)
	}
	for id, to := range map[string]store.ProposalState{"r": store.Rejected, "w": store.Withdrawn} {
		mustPropose(t, s, id)
		decide(id, func(d *store.Decision) { d.To, d.OfficerID, d.By = to, "zoe", "officer:zoe" }, nil)
		decide(id, func(*store.Decision) {}, store.ErrConflict)
		_, err := s.FinishProposal(t.Context(), id, "", now)
		check(t, err, store.ErrConflict)
	}
}

func proposalRace(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustPropose(t, s, "p")
	results := make(chan error, 100)
	var deciders sync.WaitGroup
	for i := range 100 {
		deciders.Go(func() {
			d := decisionOn("p", store.Approved)
			d.OfficerID, d.By = fmt.Sprint("a", i), fmt.Sprint("officer:a", i)
			_, err := s.DecideProposal(t.Context(), d)
			results <- err
		})
	}
	deciders.Wait()
	close(results)
	decided := 0
	for err := range results {
		if err == nil {
			decided++
			continue
		}
		check(t, err, store.ErrConflict)
	}
	equal(t, "who decided", decided, 1)
}

func proposalOrder(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, id := range []string{"c", "a", "b"} {
		mustPropose(t, s, id)
	}
	all, err := s.Proposals(t.Context(), 2)
	check(t, err, nil)
	equal(t, "newest", []string{all[0].ID, all[1].ID}, []string{"b", "a"})
	for _, limit := range []int{-1, 0, store.MaxPage + 1} {
		_, err := s.Proposals(t.Context(), limit)
		check(t, err, store.ErrInvalid)
	}
}

func proposalBound(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for i := range store.MaxOpenProposals {
		mustPropose(t, s, fmt.Sprint(i))
	}
	check(t, s.AddProposal(t.Context(), proposal("one more")), store.ErrConflict)
	mustDecide(t, s, "0", store.Rejected)
	mustPropose(t, s, "one more")
	later := proposal("when they have expired")
	later.CreatedAt, later.ExpiresAt = now.Add(72*time.Hour), now.Add(73*time.Hour)
	check(t, s.AddProposal(t.Context(), later), nil)
}

func proposalInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	large := proposal("large")
	large.Payload = json.RawMessage(`"` + strings.Repeat("x", store.MaxPayload-2) + `"`)
	check(t, s.AddProposal(t.Context(), large), nil)
	got, err := s.Proposal(t.Context(), "large")
	check(t, err, nil)
	equal(t, "payload", string(got.Payload), string(large.Payload))
	for _, spoil := range []func(*store.Proposal){
		func(p *store.Proposal) { p.ID = "" }, func(p *store.Proposal) { p.Kind = "" }, func(p *store.Proposal) { p.By = "" },
		func(p *store.Proposal) { p.Reason = "" }, func(p *store.Proposal) { p.Summary = "" }, func(p *store.Proposal) { p.State = store.Approved },
		func(p *store.Proposal) { p.ExpiresAt = p.CreatedAt }, func(p *store.Proposal) { p.Payload = json.RawMessage(`{`) }, func(p *store.Proposal) { p.Payload = nil },
		func(p *store.Proposal) {
			p.Payload = json.RawMessage(`"` + strings.Repeat("x", store.MaxPayload-1) + `"`)
		},
		func(p *store.Proposal) { p.Reason = strings.Repeat("x", store.MaxText+1) },
	} {
		bad := proposal("bad")
		spoil(&bad)
		check(t, s.AddProposal(t.Context(), bad), store.ErrInvalid)
	}
	for _, c := range []struct {
		id, failure string
		at          time.Time
	}{{"", "", now}, {"large", "\xff", now}, {"large", "", time.Time{}}} {
		_, err := s.FinishProposal(t.Context(), c.id, c.failure, c.at)
		check(t, err, store.ErrInvalid)
	}
}

package office_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var operator = office.Actor{By: "local:root", Operator: true}

// listing is an office with a list of these admins, who are signed in.
func listing(t *testing.T, admins ...string) (*room, map[string]office.Actor) {
	t.Helper()
	r := furnish(t, lists)
	who := map[string]office.Actor{}
	for _, subject := range admins {
		if _, err := r.Appoint(t.Context(), operator, subject, office.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		_, identity := r.signIn(t, subject)
		who[subject] = identity.Actor()
	}
	return r, who
}

// change proposes a change of officers.
func (r *room) change(t *testing.T, who office.Actor, kind office.Kind, payload string) office.Proposal {
	t.Helper()
	p, err := r.Propose(t.Context(), who, kind, json.RawMessage(payload), "because")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *room) role(t *testing.T, subject string) office.Role {
	t.Helper()
	all, err := r.Officers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if o.Subject == subject {
			return o.Role
		}
	}
	return ""
}

func TestOfficers_ChangeByProposals(t *testing.T) {
	t.Parallel()
	r, who := listing(t, "zoe", "ada")
	for _, step := range []struct {
		kind    office.Kind
		payload string
		want    office.Role
	}{
		{office.OfficerSet, `{"subject":"eve","role":"officer"}`, office.RoleOfficer},
		{office.OfficerSet, `{"subject":"eve","role":"admin"}`, office.RoleAdmin},
		{office.OfficerRemove, `{"subject":"eve"}`, ""},
	} {
		p := r.change(t, who["zoe"], step.kind, step.payload)
		done, err := r.Approve(t.Context(), who["ada"], p.ID)
		if err != nil || done.State != office.Executed || r.role(t, "eve") != step.want {
			t.Errorf("%+v, %v: %q", done, err, r.role(t, "eve"))
		}
		if !strings.Contains(p.Summary, office.OfficerID(r.provider.URL, "eve")) || strings.Contains(p.Summary, "eve:") {
			t.Errorf("%s", p.Summary)
		}
	}
}

func TestOfficers_TheLastAdminStays(t *testing.T) {
	t.Parallel()
	r, who := listing(t, "zoe", "ada")
	// Two proposals, each good by itself.
	first := r.change(t, who["zoe"], office.OfficerRemove, `{"subject":"ada"}`)
	second := r.change(t, who["ada"], office.OfficerSet, `{"subject":"zoe","role":"viewer"}`)
	if done, err := r.Approve(t.Context(), who["ada"], first.ID); err != nil || done.State != office.Executed {
		t.Fatalf("%+v, %v", done, err)
	}
	// Whoever approves it then: the check is made again, and by the store.
	other := office.Actor{By: "officer:x", OfficerID: "x", Role: office.RoleAdmin, SignedIn: true, AuthenticatedAt: start}
	_, err := r.Approve(t.Context(), other, second.ID)
	refused(t, err, office.LastAdmin)
	for _, payload := range []string{`{"subject":"zoe","role":"officer"}`, `{"subject":"zoe","role":"viewer"}`} {
		_, err := r.Propose(t.Context(), who["zoe"], office.OfficerSet, json.RawMessage(payload), "x")
		refused(t, err, office.LastAdmin)
	}
	_, err = r.Propose(t.Context(), who["zoe"], office.OfficerRemove, json.RawMessage(`{"subject":"zoe"}`), "x")
	refused(t, err, office.LastAdmin)
	_, err = r.Appoint(t.Context(), operator, "zoe", "")
	refused(t, err, office.LastAdmin)
	if r.role(t, "zoe") != office.RoleAdmin {
		t.Error("nobody is left")
	}
}

// Two admins take each other off at the same moment.
func TestOfficers_OfTwoAdminsOneStaysWhateverIsApprovedAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		r, who := listing(t, "zoe", "ada")
		proposals := map[string]office.Proposal{
			"ada": r.change(t, who["zoe"], office.OfficerRemove, `{"subject":"ada"}`),
			"zoe": r.change(t, who["ada"], office.OfficerRemove, `{"subject":"zoe"}`),
		}
		var both sync.WaitGroup
		for subject, p := range proposals {
			both.Go(func() { _, _ = r.Approve(t.Context(), who[subject], p.ID) })
		}
		both.Wait()
		if (r.role(t, "zoe") == office.RoleAdmin) == (r.role(t, "ada") == office.RoleAdmin) {
			t.Fatalf("zoe %q, ada %q", r.role(t, "zoe"), r.role(t, "ada"))
		}
	}
}

// The process dies when the list is changed and the end of the proposal is not
// told. Meanwhile the operator decides otherwise, which must stay.
func TestOfficers_AChangeIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	r, who := listing(t, "zoe", "ada")
	p := r.change(t, who["zoe"], office.OfficerSet, `{"subject":"eve","role":"admin"}`)
	r.records.Fail = func(change string) error {
		if change == "FinishProposal" {
			return store.ErrUncertain
		}
		return nil
	}
	if _, err := r.Approve(t.Context(), who["ada"], p.ID); !errors.Is(err, store.ErrUncertain) {
		t.Fatal(err)
	}
	r.records.Fail = nil
	if _, err := r.Appoint(t.Context(), operator, "eve", ""); err != nil {
		t.Fatal(err)
	}
	if err := r.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Proposal(t.Context(), p.ID); got.State != office.Executed || r.role(t, "eve") != "" {
		t.Errorf("%+v, eve is %q", got, r.role(t, "eve"))
	}
}

func TestOfficers_ProposalsThatAreWrong(t *testing.T) {
	t.Parallel()
	r, who := listing(t, "zoe", "ada")
	for payload, kind := range map[string]office.Kind{
		`{"subject":"eve"}`:                                             office.OfficerSet,
		`{"subject":"eve","role":"root"}`:                               office.OfficerSet,
		`{"subject":"","role":"admin"}`:                                 office.OfficerSet,
		`{"subject":"zoë","role":"admin"}`:                              office.OfficerSet,
		`{"subject":"zoe","role":"admin"}`:                              office.OfficerSet,
		`{"subject":"` + strings.Repeat("x", 256) + `","role":"admin"}`: office.OfficerSet,
		`{"subject":"nobody"}`:                                          office.OfficerRemove,
		`{"subject":"zoe","role":"viewer"}`:                             office.OfficerRemove,
	} {
		_, err := r.Propose(t.Context(), who["zoe"], kind, json.RawMessage(payload), "x")
		refused(t, err, office.Invalid)
	}
	if _, err := r.Propose(t.Context(), who["zoe"], office.OfficerSet, json.RawMessage(`{"subject":"eve","role":"admin","issuer":"https://evil.example"}`), "x"); err == nil || !strings.Contains(err.Error(), "json_unknown_name") {
		t.Errorf("%v", err)
	}
}

func TestAppoint_IsTheOperatorsAlone(t *testing.T) {
	t.Parallel()
	r, who := listing(t, "zoe")
	_, err := r.Appoint(t.Context(), who["zoe"], "eve", office.RoleViewer)
	refused(t, err, office.ProposalRequired)
	for _, role := range []office.Role{"root", "Admin"} {
		_, err = r.Appoint(t.Context(), operator, "eve", role)
		refused(t, err, office.Invalid)
	}
	elsewhere := furnish(t, nil)
	_, err = elsewhere.Appoint(t.Context(), operator, "eve", office.RoleAdmin)
	refused(t, err, office.RolesElsewhere)
	_, err = elsewhere.Propose(t.Context(), who["zoe"], office.OfficerSet, json.RawMessage(`{"subject":"eve","role":"admin"}`), "x")
	refused(t, err, office.RolesElsewhere)
}

func TestMayRevoke_AFewPeopleAnHour(t *testing.T) {
	t.Parallel()
	r := furnish(t, func(c *office.Config) { c.MassRevocation = 3 })
	who := newActors()
	revoke := func(a office.Actor, person string) error { return r.MayRevoke(a, person) }
	for i := range 3 {
		if err := revoke(who.zoe, fmt.Sprint("p", i)); err != nil {
			t.Fatalf("person %d: %v", i, err)
		}
		r.Move(time.Minute)
	}
	if err := revoke(who.zoe, "p1"); err != nil {
		t.Errorf("another badge of the same person: %v", err)
	}
	refused(t, revoke(who.zoe, "p3"), office.ProposalRequired)
	refused(t, revoke(who.token, "p3"), office.ProposalRequired) // her token
	if err := revoke(who.ada, "p3"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if err := revoke(operator, "p3"); err != nil {
		t.Errorf("the operator: %v", err)
	}
	r.Move(office.MassWindow - 3*time.Minute - 1)
	refused(t, revoke(who.zoe, "p3"), office.ProposalRequired)
	r.Move(1)
	if err := revoke(who.zoe, "p3"); err != nil {
		t.Errorf("the first is an hour ago: %v", err)
	}
}

// badges is a program in memory.
type badges struct {
	of      map[string][]store.Badge
	revoked []string
}

func (b *badges) BadgesOf(_ context.Context, ref string) ([]store.Badge, error) {
	found, known := b.of[ref]
	if !known {
		return nil, fmt.Errorf("person %w", store.ErrNotFound)
	}
	return found, nil
}

func (b *badges) SetStatus(_ context.Context, id string, to store.Status, reason, by string) (store.Badge, error) {
	b.revoked = append(b.revoked, fmt.Sprint(id, " ", to, " ", reason, " ", by))
	return store.Badge{}, nil
}

func TestRevocation_OfMany(t *testing.T) {
	t.Parallel()
	program := &badges{of: map[string][]store.Badge{}}
	badge := func(id string, status store.Status, expires time.Time) store.Badge {
		return store.Badge{Reservation: store.Reservation{ID: id, ExpiresAt: expires}, Status: status}
	}
	later := start.Add(time.Hour)
	program.of["a"] = []store.Badge{badge("1", store.Valid, later), badge("2", store.Invalid, later), badge("0", store.Valid, start)}
	program.of["b"] = []store.Badge{badge("3", store.Suspended, later)}
	a := office.NewRevocation(program, func() time.Time { return start })
	payload := json.RawMessage(`{"people":["a","b"],"reason":"phones were stolen"}`)
	if summary, err := a.Check(t.Context(), payload); err != nil || summary != "revokes 2 badges of 2 people, for good" {
		t.Errorf("%s, %v", summary, err)
	}
	if err := a.Do(t.Context(), office.Proposal{Payload: payload, DecidedBy: "officer:ada"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(program.revoked, "\n"); got != "1 invalid phones were stolen officer:ada\n3 invalid phones were stolen officer:ada" {
		t.Errorf("%s", got)
	}
	many := func(n int) string {
		var all []string
		for i := range n {
			id := fmt.Sprint("p", i)
			program.of[id] = nil
			all = append(all, `"`+id+`"`)
		}
		return `{"people":[` + strings.Join(all, ",") + `],"reason":"x"}`
	}
	if _, err := a.Check(t.Context(), json.RawMessage(many(office.MaxRevoked))); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		many(office.MaxRevoked + 1), `{"people":[],"reason":"x"}`, `{"people":["a","a"],"reason":"x"}`, `{"people":["a"]}`,
		`{"people":["a"],"reason":"` + strings.Repeat("x", office.MaxReason+1) + `"}`,
	} {
		_, err := a.Check(t.Context(), json.RawMessage(bad))
		refused(t, err, office.Invalid)
	}
	if _, err := a.Check(t.Context(), json.RawMessage(`{"people":["nobody"],"reason":"x"}`)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestPolicyChange_TakesEffectNotBeforeItIsApproved(t *testing.T) {
	t.Parallel()
	var got []office.Activation
	a := office.NewPolicyChange(func(_ context.Context, v office.Activation) error {
		got = append(got, v)
		return nil
	})
	text, _ := json.Marshal(policy.DefaultYAML())
	approved := start.Add(time.Hour)
	for effective, want := range map[string]time.Time{
		"": approved, `,"effective":"2026-11-23T08:30:00Z"`: approved, `,"effective":"2026-12-01T00:00:00+01:00"`: time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC),
	} {
		payload := json.RawMessage(`{"policy":` + string(text) + effective + `}`)
		summary, err := a.Check(t.Context(), payload)
		if err != nil || !strings.HasPrefix(summary, "policy "+policy.Default().Digest()[:12]+" takes effect ") {
			t.Fatalf("%s, %v", summary, err)
		}
		if err := a.Do(t.Context(), office.Proposal{ID: "p", Payload: payload, DecidedAt: approved, DecidedBy: "officer:ada"}); err != nil {
			t.Fatal(err)
		}
		v := got[len(got)-1]
		if !v.Effective.Equal(want) || v.By != "officer:ada" || v.Proposal != "p" || v.Text != policy.DefaultYAML() || v.Policy == nil {
			t.Errorf("%s: %+v", effective, v)
		}
	}
	for _, bad := range []string{`{"policy":""}`, `{"policy":"courses: 1"}`, `{"policy":"` + strings.Repeat("#", policy.MaxFileSize+1) + `"}`} {
		_, err := a.Check(t.Context(), json.RawMessage(bad))
		refused(t, err, office.Invalid)
	}
}

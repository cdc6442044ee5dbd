package storetest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var officerTests = []test{
	{"the list is changed and says by whom", officerList},
	{"the last admin stays", officerLastAdmin},
	{"who is taken off is forgotten and signed out", officerTakenOff},
	{"a change with a proposal is made once", officerOnce},
	{"a change that breaks a rule is refused", officerInvalid},
}

var sessionTests = []test{
	{"a session is found until it ends", sessionEnds},
	{"a session takes the place of another", sessionReplaces},
	{"signing in leaves the list alone", sessionKeepsTheList},
	{"every session of an officer ends", sessionsEnd},
	{"a use is noted and is no event", sessionTouched},
	{"a session that breaks a rule is refused", sessionInvalid},
	{"the use of a token is noted and is no event", tokenTouched},
}

func officerChange(id string, role store.Role) store.OfficerChange {
	return store.OfficerChange{ID: id, Issuer: "https://login.example", Subject: "subject-" + id, Role: role, By: officer, At: now}
}

func mustChangeOfficer(t *testing.T, s store.Store, id string, role store.Role) store.Officer {
	t.Helper()
	o, err := s.ChangeOfficer(t.Context(), officerChange(id, role))
	check(t, err, nil)
	return o
}

func signIn(officerID, secret string) store.SignIn {
	return store.SignIn{
		Session: store.Session{
			Hash: Sum(secret), OfficerID: officerID, CreatedAt: now, AuthenticatedAt: now.Add(-time.Minute), SeenAt: now, ExpiresAt: now.Add(time.Hour),
		},
		Officer: store.Officer{
			ID: officerID, Issuer: "https://login.example", Subject: "subject-" + officerID, Name: "Zoë Secretname", Email: "zoe@vendor.example", SignedInAt: now,
		},
	}
}

func mustSignIn(t *testing.T, s store.Store, officerID, secret string) {
	t.Helper()
	check(t, s.AddSession(t.Context(), signIn(officerID, secret)), nil)
}

// told are the events behind a number, as "kind subject by detail".
func told(t *testing.T, s store.Store, after int64) string {
	t.Helper()
	var all []string
	for _, e := range events(t, s, after) {
		all = append(all, fmt.Sprintf("%s %s %s %s", e.Kind, e.Subject, e.By, e.Detail))
	}
	return strings.Join(all, "\n")
}

func officerList(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	want := store.Officer{
		ID: "b", Issuer: "https://login.example", Subject: "subject-b", Role: store.RoleViewer, By: officer, ChangedAt: now,
	}
	equal(t, "officer", mustChangeOfficer(t, s, "b", store.RoleViewer), want)
	mustChangeOfficer(t, s, "a", store.RoleAdmin)
	got, err := s.Officer(t.Context(), "b")
	check(t, err, nil)
	equal(t, "officer", got, want)
	all, err := s.Officers(t.Context())
	check(t, err, nil)
	equal(t, "in order", []string{all[0].ID, all[1].ID}, []string{"a", "b"})
	_, err = s.Officer(t.Context(), "nobody")
	check(t, err, store.ErrNotFound)
	quiet(t, s, func() { mustChangeOfficer(t, s, "b", store.RoleViewer) })
	mustChangeOfficer(t, s, "b", store.RoleOfficer)
	equal(t, "events", told(t, s, before), strings.Join([]string{
		`officer.changed b ` + officer + ` {"from":"","to":"viewer"}`,
		`officer.changed a ` + officer + ` {"from":"","to":"admin"}`,
		`officer.changed b ` + officer + ` {"from":"viewer","to":"officer"}`,
	}, "\n"))
}

func officerLastAdmin(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustChangeOfficer(t, s, "a", store.RoleAdmin)
	mustChangeOfficer(t, s, "v", store.RoleViewer)
	for _, role := range []store.Role{"", store.RoleViewer, store.RoleOfficer} {
		quiet(t, s, func() {
			_, err := s.ChangeOfficer(t.Context(), officerChange("a", role))
			check(t, err, store.ErrLastAdmin)
			check(t, err, store.ErrConflict)
		})
	}
	mustChangeOfficer(t, s, "b", store.RoleAdmin)
	mustChangeOfficer(t, s, "a", store.RoleViewer)
	_, err := s.ChangeOfficer(t.Context(), officerChange("b", ""))
	check(t, err, store.ErrLastAdmin)
}

func officerTakenOff(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustChangeOfficer(t, s, "a", store.RoleAdmin)
	mustChangeOfficer(t, s, "b", store.RoleViewer)
	mustSignIn(t, s, "a", "1")
	mustSignIn(t, s, "b", "2")
	got := mustChangeOfficer(t, s, "b", "")
	if got.Name != "" || got.Email != "" || got.Role != "" || got.Subject != "subject-b" {
		t.Errorf("%+v", got)
	}
	_, _, err := s.SessionByHash(t.Context(), Sum("2"), now)
	check(t, err, store.ErrNotFound)
	_, _, err = s.SessionByHash(t.Context(), Sum("1"), now)
	check(t, err, nil)
	mustChangeOfficer(t, s, "b", store.RoleOfficer)
	_, _, err = s.SessionByHash(t.Context(), Sum("2"), now)
	check(t, err, store.ErrNotFound)
}

func officerOnce(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustChangeOfficer(t, s, "a", store.RoleAdmin)
	c := officerChange("b", store.RoleAdmin)
	c.Proposal = "p"
	_, err := s.ChangeOfficer(t.Context(), c)
	check(t, err, store.ErrNotFound)
	mustPropose(t, s, "p")
	_, err = s.ChangeOfficer(t.Context(), c)
	check(t, err, store.ErrConflict) // not approved
	mustDecide(t, s, "p", store.Approved)

	// What is not done does not end the proposal either.
	none := officerChange("a", "")
	none.Proposal = "p"
	_, err = s.ChangeOfficer(t.Context(), none)
	check(t, err, store.ErrLastAdmin)
	p, err := s.Proposal(t.Context(), "p")
	check(t, err, nil)
	equal(t, "state", p.State, store.Approved)

	_, err = s.ChangeOfficer(t.Context(), c)
	check(t, err, nil)
	p, err = s.Proposal(t.Context(), "p")
	check(t, err, nil)
	equal(t, "state", p.State, store.Executed)
	quiet(t, s, func() {
		c.Role = store.RoleViewer
		_, err = s.ChangeOfficer(t.Context(), c)
		check(t, err, store.ErrConflict)
		_, err = s.FinishProposal(t.Context(), "p", "", now)
		check(t, err, nil)
	})
}

func officerInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, spoil := range []func(*store.OfficerChange){
		func(c *store.OfficerChange) { c.ID = "" }, func(c *store.OfficerChange) { c.Issuer = "" }, func(c *store.OfficerChange) { c.Subject = "" },
		func(c *store.OfficerChange) { c.By = "" }, func(c *store.OfficerChange) { c.At = time.Time{} }, func(c *store.OfficerChange) { c.Role = "root" },
		func(c *store.OfficerChange) { c.Proposal = "\xff" }, func(c *store.OfficerChange) { c.Subject = strings.Repeat("x", store.MaxText+1) },
	} {
		bad := officerChange("a", store.RoleViewer)
		spoil(&bad)
		_, err := s.ChangeOfficer(t.Context(), bad)
		check(t, err, store.ErrInvalid)
	}
	mustChangeOfficer(t, s, "a", store.RoleViewer)
	other := officerChange("a", store.RoleAdmin)
	other.Subject = "another"
	_, err := s.ChangeOfficer(t.Context(), other)
	check(t, err, store.ErrConflict)
}

func sessionEnds(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	in := signIn("a", "1")
	in.Session.Role = store.RoleAdmin
	check(t, s.AddSession(t.Context(), in), nil)
	for at, found := range map[time.Time]error{now: nil, now.Add(time.Hour - time.Microsecond): nil, now.Add(time.Hour): store.ErrNotFound} {
		got, whose, err := s.SessionByHash(t.Context(), Sum("1"), at)
		check(t, err, found)
		if found == nil {
			equal(t, "session", got, in.Session)
			equal(t, "officer", whose, in.Officer)
		}
	}
	_, _, err := s.SessionByHash(t.Context(), Sum("2"), now)
	check(t, err, store.ErrNotFound)
	check(t, s.AddSession(t.Context(), in), store.ErrAlreadyExists)
	for range 2 {
		check(t, s.EndSession(t.Context(), Sum("1")), nil)
		_, _, err = s.SessionByHash(t.Context(), Sum("1"), now)
		check(t, err, store.ErrNotFound)
	}
	text := told(t, s, before)
	equal(t, "events", text, "officer.signed_in a officer:a {\"role\":\"admin\"}\nofficer.signed_out a officer:a {\"sessions\":1}")
	if strings.Contains(text, "Secretname") || strings.Contains(text, "vendor.example") {
		t.Errorf("an event has a name")
	}
}

func sessionReplaces(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustSignIn(t, s, "a", "1")
	mustSignIn(t, s, "a", "2")
	in := signIn("a", "3")
	in.Instead = Sum("1")
	in.Session.CreatedAt, in.Session.ExpiresAt = now.Add(time.Minute), now.Add(3*time.Hour)
	check(t, s.AddSession(t.Context(), in), nil)
	for secret, found := range map[string]error{"1": store.ErrNotFound, "2": nil, "3": nil} {
		_, _, err := s.SessionByHash(t.Context(), Sum(secret), now)
		check(t, err, found)
	}
	// The next sign-in forgets what has expired by then.
	later := signIn("a", "4")
	later.Session.CreatedAt, later.Session.SeenAt, later.Session.ExpiresAt = now.Add(time.Hour), now.Add(time.Hour), now.Add(2*time.Hour)
	check(t, s.AddSession(t.Context(), later), nil)
	_, _, err := s.SessionByHash(t.Context(), Sum("2"), now)
	check(t, err, store.ErrNotFound)
}

func sessionKeepsTheList(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustChangeOfficer(t, s, "a", store.RoleAdmin)
	mustSignIn(t, s, "a", "1")
	o, err := s.Officer(t.Context(), "a")
	check(t, err, nil)
	equal(t, "officer", o, store.Officer{
		ID: "a", Issuer: "https://login.example", Subject: "subject-a", Name: "Zoë Secretname", Email: "zoe@vendor.example",
		Role: store.RoleAdmin, By: officer, ChangedAt: now, SignedInAt: now,
	})
}

func sessionsEnd(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustSignIn(t, s, "a", "1")
	mustSignIn(t, s, "a", "2")
	mustSignIn(t, s, "b", "3")
	before := last(t, s)
	for range 2 {
		check(t, s.EndSessionsOf(t.Context(), "a", officer), nil)
	}
	for secret, found := range map[string]error{"1": store.ErrNotFound, "2": store.ErrNotFound, "3": nil} {
		_, _, err := s.SessionByHash(t.Context(), Sum(secret), now)
		check(t, err, found)
	}
	equal(t, "events", told(t, s, before), "officer.signed_out a "+officer+" {\"sessions\":2}")
	check(t, s.EndSessionsOf(t.Context(), "a", ""), store.ErrInvalid)
}

func sessionTouched(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustSignIn(t, s, "a", "1")
	quiet(t, s, func() {
		check(t, s.TouchSession(t.Context(), Sum("1"), now.Add(time.Minute)), nil)
		check(t, s.TouchSession(t.Context(), Sum("2"), now), store.ErrNotFound)
	})
	got, _, err := s.SessionByHash(t.Context(), Sum("1"), now)
	check(t, err, nil)
	equal(t, "seen", got.SeenAt, now.Add(time.Minute))
}

func sessionInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, spoil := range []func(*store.SignIn){
		func(i *store.SignIn) { i.Session.Hash = [sha256.Size]byte{} }, func(i *store.SignIn) { i.Session.OfficerID = "b" },
		func(i *store.SignIn) { i.Session.ExpiresAt = now }, func(i *store.SignIn) { i.Session.Role = "root" },
		func(i *store.SignIn) { i.Session.CreatedAt = time.Time{} }, func(i *store.SignIn) { i.Session.SeenAt = time.Time{} },
		func(i *store.SignIn) { i.Officer.Issuer = "" }, func(i *store.SignIn) { i.Officer.Subject = "" }, func(i *store.SignIn) { i.Officer.Name = "\x00" },
		func(i *store.SignIn) { i.Officer.SignedInAt = time.Time{} },
	} {
		bad := signIn("a", "1")
		spoil(&bad)
		check(t, s.AddSession(t.Context(), bad), store.ErrInvalid)
	}
	never := signIn("a", "1")
	never.Session.AuthenticatedAt = time.Time{}
	check(t, s.AddSession(t.Context(), never), nil)
	got, _, err := s.SessionByHash(t.Context(), Sum("1"), now)
	check(t, err, nil)
	equal(t, "authenticated", got.AuthenticatedAt, time.Time{})
}

func tokenTouched(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.AddToken(t.Context(), token("a")), nil)
	check(t, s.AddToken(t.Context(), token("b")), nil)
	quiet(t, s, func() {
		for _, at := range []time.Time{now, now.Add(time.Minute)} {
			check(t, s.TouchToken(t.Context(), "a", at), nil)
		}
		check(t, s.TouchToken(t.Context(), "nobody", now), store.ErrNotFound)
	})
	uses, err := s.TokenUses(t.Context())
	check(t, err, nil)
	equal(t, "uses", uses, map[string]time.Time{"a": now.Add(time.Minute)})
}

package storetest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var enrolmentTests = []test{
	{"an invitation comes back while it is open", invitationComesBack},
	{"an invitation ends what was before it", invitationEnds},
	{"an invitation is redeemed once", invitationOnce},
	{"a code from two phones ends what came of it", invitationReplayed},
	{"wrong transaction codes run out", invitationAttempts},
	{"an access token opens until it is replaced", accessTokens},
	{"a refresh token is exchanged by its key, until its successor is used", refreshTokens},
	{"a value is spent once, all of them or none", spentOnce},
	{"what breaks a rule is refused", enrolmentInvalid},
	{"of many redemptions one succeeds", manyRedeem},
}

// Invitation returns an invitation of one of [People]; its code is Sum(id) and
// its transaction code Sum("tx").
func Invitation(id string, person int) store.Invitation {
	return store.Invitation{
		ID: id, PersonID: fmt.Sprintf("person-%03d", person), CodeHash: Sum(id), TxCodeHash: Sum("tx"),
		Attempts: 3, InvitedAt: now, ExpiresAt: now.Add(time.Hour), By: officer,
	}
}

// tokens returns an access token Sum("access "+name) and a refresh token.
func tokens(name string) store.Tokens {
	return store.Tokens{
		AccessHash: Sum("access " + name), AccessExpiresAt: now.Add(time.Minute),
		RefreshHash: Sum("refresh " + name), RefreshExpiresAt: now.Add(time.Hour),
	}
}

var proofs atomic.Int64

// proof returns a one-time value that no other call returns.
func proof() store.OneTime {
	return store.OneTime{Hash: Sum(fmt.Sprint("proof ", proofs.Add(1))), Until: now.Add(time.Minute)}
}

func redemption(id, key string) store.Redemption {
	return store.Redemption{CodeHash: Sum(id), TxCodeHash: Sum("tx"), KeyThumbprint: key, Tokens: tokens(id), Proof: proof(), At: now}
}

func refreshment(token, key, next string) store.Refreshment {
	return store.Refreshment{RefreshHash: Sum("refresh " + token), KeyThumbprint: key, Tokens: tokens(next), Proof: proof(), At: now}
}

func mustInvite(t *testing.T, s store.Store, id string) []store.Badge {
	t.Helper()
	revoked, err := s.AddInvitation(t.Context(), Invitation(id, 0))
	check(t, err, nil)
	return revoked
}

func try(t *testing.T, s store.Store, r store.Redemption, want store.Outcome) store.Enrolment {
	t.Helper()
	e, got, err := s.RedeemInvitation(t.Context(), r)
	check(t, err, nil)
	equal(t, "outcome", got, want)
	return e
}

// mustEnrol returns person-000's phone.
func mustEnrol(t *testing.T, s store.Store, id string) store.Enrolment {
	t.Helper()
	mustInvite(t, s, id)
	return try(t, s, redemption(id, "phone"), store.Redeemed)
}

func idsOf(badges []store.Badge) []string {
	var ids []string
	for _, b := range badges {
		ids = append(ids, b.ID)
	}
	slices.Sort(ids)
	return ids
}

func kinds(events []store.Event) []store.EventKind {
	var all []store.EventKind
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return all
}

func invitationComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	equal(t, "revoked", len(mustInvite(t, s, "i")), 0)
	want := store.Enrolment{
		ID: "i", PersonID: "person-000", By: officer, InvitedAt: now, InvitationExpiresAt: now.Add(time.Hour), AttemptsLeft: 3,
	}
	for at, found := range map[time.Time]error{now: nil, now.Add(time.Hour - time.Microsecond): nil, now.Add(time.Hour): store.ErrNotFound} {
		got, err := s.EnrolmentByCode(t.Context(), Sum("i"), at)
		check(t, err, found)
		if found == nil {
			equal(t, "invitation", got, want)
		}
	}
	_, err := s.EnrolmentByCode(t.Context(), Sum("other"), now)
	check(t, err, store.ErrNotFound)
	all, err := s.EnrolmentsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "enrolments", all, []store.Enrolment{want})
	all, err = s.EnrolmentsOf(t.Context(), "nobody")
	check(t, err, nil)
	equal(t, "enrolments of nobody", len(all), 0)

	quiet(t, s, func() {
		_, err := s.AddInvitation(t.Context(), Invitation("nobody's", 99))
		check(t, err, store.ErrNotFound)
		_, err = s.AddInvitation(t.Context(), Invitation("i", 1))
		check(t, err, store.ErrAlreadyExists)
		sameCode := Invitation("j", 1)
		sameCode.CodeHash = Sum("i")
		_, err = s.AddInvitation(t.Context(), sameCode)
		check(t, err, store.ErrAlreadyExists)
	})
}

func invitationEnds(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	old := mustEnrol(t, s, "old")
	mustIssue(t, s, old, "of the phone", "key")
	mustReserve(t, s, "of the office", 0)
	mustReserve(t, s, "of somebody else", 1)
	equal(t, "revoked", idsOf(mustInvite(t, s, "waiting")), []string{"of the office", "of the phone"})
	mustInvite(t, s, "new")
	all, err := s.EnrolmentsOf(t.Context(), "person-000")
	check(t, err, nil)
	for _, e := range all {
		equal(t, e.ID+" has ended", !e.EndedAt.IsZero(), e.ID != "new")
		equal(t, e.ID+" has a reason", e.EndReason != "", e.ID != "new")
	}
	_, err = s.EnrolmentByCode(t.Context(), Sum("waiting"), now)
	check(t, err, store.ErrNotFound)
	_, err = s.EnrolmentByAccess(t.Context(), Sum("access old"), now)
	check(t, err, store.ErrNotFound)
	_, err = s.RefreshEnrolment(t.Context(), refreshment("old", "phone", "next"))
	check(t, err, store.ErrNotFound)
	try(t, s, redemption("waiting", "phone"), store.Over)
	b, err := s.Badge(t.Context(), "of somebody else")
	check(t, err, nil)
	equal(t, "somebody else's badge", b.Status, store.Valid)
}

func invitationOnce(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustInvite(t, s, "i")
	late := redemption("i", "phone")
	late.At = now.Add(time.Hour)
	try(t, s, late, store.Over)
	before := last(t, s)
	r := redemption("i", "phone")
	e := try(t, s, r, store.Redeemed)
	equal(t, "enrolment", e, store.Enrolment{
		ID: "i", PersonID: "person-000", By: officer, InvitedAt: now, InvitationExpiresAt: now.Add(time.Hour), AttemptsLeft: 3,
		RedeemedAt: now, KeyThumbprint: "phone", AccessExpiresAt: now.Add(time.Minute), RefreshExpiresAt: now.Add(time.Hour),
	})
	equal(t, "events", kinds(events(t, s, before)), []store.EventKind{store.EnrolmentRedeemed})
	all, err := s.EnrolmentsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "kept", all, []store.Enrolment{e})
	quiet(t, s, func() {
		try(t, s, redemption("i", "phone"), store.Over)
		_, _, err := s.RedeemInvitation(t.Context(), r)
		check(t, err, store.ErrAlreadyExists) // the proof is spent
		_, _, err = s.RedeemInvitation(t.Context(), redemption("unknown", "phone"))
		check(t, err, store.ErrNotFound)
		_, err = s.EnrolmentByCode(t.Context(), Sum("i"), now)
		check(t, err, store.ErrNotFound)
	})
}

func invitationReplayed(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	e := mustEnrol(t, s, "i")
	mustIssue(t, s, e, "of the phone", "key")
	mustReserve(t, s, "of the office", 0)
	guess := redemption("i", "other phone")
	guess.TxCodeHash = Sum("guess")
	quiet(t, s, func() { try(t, s, guess, store.Over) })
	before := last(t, s)
	try(t, s, redemption("i", "other phone"), store.Replayed)
	equal(t, "events", kinds(events(t, s, before)), []store.EventKind{store.EnrolmentEnded, store.BadgeStatus})
	_, err := s.EnrolmentByAccess(t.Context(), Sum("access i"), now)
	check(t, err, store.ErrNotFound)
	for id, want := range map[string]store.Status{"of the phone": store.Invalid, "of the office": store.Valid} {
		b, err := s.Badge(t.Context(), id)
		check(t, err, nil)
		equal(t, id, b.Status, want)
	}
	try(t, s, redemption("i", "other phone"), store.Over)
}

func invitationAttempts(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustInvite(t, s, "i")
	for left := 2; left >= 0; left-- {
		guess := redemption("i", "phone")
		guess.TxCodeHash = Sum(fmt.Sprint("guess ", left))
		e := try(t, s, guess, store.WrongTxCode)
		equal(t, "attempts left", e.AttemptsLeft, left)
	}
	try(t, s, redemption("i", "phone"), store.Over)
	all, err := s.EnrolmentsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "reason", all[0].EndReason, store.EndAttempts)
}

func accessTokens(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	e := mustEnrol(t, s, "i")
	for at, found := range map[time.Time]error{now: nil, now.Add(time.Minute - time.Microsecond): nil, now.Add(time.Minute): store.ErrNotFound} {
		got, err := s.EnrolmentByAccess(t.Context(), Sum("access i"), at)
		check(t, err, found)
		if found == nil {
			equal(t, "enrolment", got, e)
		}
	}
	_, err := s.RefreshEnrolment(t.Context(), refreshment("i", "phone", "next"))
	check(t, err, nil)
	_, err = s.EnrolmentByAccess(t.Context(), Sum("access i"), now)
	check(t, err, store.ErrNotFound)
	_, err = s.EnrolmentByAccess(t.Context(), Sum("access next"), now)
	check(t, err, nil)
	_, err = s.EnrolmentByAccess(t.Context(), Sum("refresh next"), now)
	check(t, err, store.ErrNotFound)
}

func refreshTokens(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	e := mustEnrol(t, s, "1")
	exchange := func(r store.Refreshment, want error) {
		t.Helper()
		_, err := s.RefreshEnrolment(t.Context(), r)
		check(t, err, want)
	}
	late := refreshment("1", "phone", "late")
	late.At = now.Add(time.Hour)
	exchange(late, store.ErrNotFound)
	exchange(refreshment("1", "other phone", "x"), store.ErrNotFound)
	exchange(refreshment("unknown", "phone", "x"), store.ErrNotFound)
	r := refreshment("1", "phone", "2")
	exchange(r, nil)
	exchange(r, store.ErrAlreadyExists)                         // the proof is spent
	exchange(refreshment("1", "phone", "2 again"), nil)         // the answer was lost
	exchange(refreshment("2", "phone", "x"), store.ErrNotFound) // and is no good to its finder
	exchange(refreshment("2 again", "phone", "3"), nil)
	exchange(refreshment("1", "phone", "x"), store.ErrNotFound) // its successor was used
	mustIssue(t, s, e, "b", "key")
	mustDeliver(t, s, e, "d", "b")
	exchange(refreshment("2 again", "phone", "x"), store.ErrNotFound) // with 3 something was delivered
	exchange(refreshment("3", "phone", "4"), nil)
}

func spentOnce(t *testing.T, open Opener) {
	var clock atomic.Int64
	s := opened(t, open, Config{Now: func() time.Time { return now.Add(time.Duration(clock.Load())) }})
	a, b, c := proof(), proof(), proof()
	check(t, s.Spend(t.Context(), []store.OneTime{a, b}), nil)
	check(t, s.Spend(t.Context(), []store.OneTime{c, b}), store.ErrAlreadyExists)
	check(t, s.Spend(t.Context(), []store.OneTime{c, c}), store.ErrAlreadyExists)
	check(t, s.Spend(t.Context(), []store.OneTime{c}), nil)
	clock.Store(int64(time.Minute - time.Microsecond))
	check(t, s.Spend(t.Context(), []store.OneTime{a}), store.ErrAlreadyExists)
	clock.Store(int64(time.Minute)) // refused for its age from now on, so that it may be forgotten
	check(t, s.Spend(t.Context(), []store.OneTime{a}), nil)

	many := make([]store.OneTime, store.MaxSpent)
	for i := range many {
		many[i] = proof()
	}
	check(t, s.Spend(t.Context(), many), nil)
	check(t, s.Spend(t.Context(), append(many, proof())), store.ErrInvalid)
	check(t, s.Spend(t.Context(), nil), store.ErrInvalid)
	check(t, s.Spend(t.Context(), []store.OneTime{{Until: now}}), store.ErrInvalid)
	check(t, s.Spend(t.Context(), []store.OneTime{{Hash: Sum("x")}}), store.ErrInvalid)
}

func enrolmentInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, spoil := range []func(*store.Invitation){
		func(i *store.Invitation) { i.ID = "" },
		func(i *store.Invitation) { i.PersonID = "" },
		func(i *store.Invitation) { i.By = "" },
		func(i *store.Invitation) { i.By = strings.Repeat("x", store.MaxText+1) },
		func(i *store.Invitation) { i.CodeHash = [sha256.Size]byte{} },
		func(i *store.Invitation) { i.TxCodeHash = [sha256.Size]byte{} },
		func(i *store.Invitation) { i.Attempts = 0 },
		func(i *store.Invitation) { i.Attempts = store.MaxAttempts + 1 },
		func(i *store.Invitation) { i.InvitedAt = time.Time{} },
		func(i *store.Invitation) { i.ExpiresAt = i.InvitedAt },
	} {
		bad := Invitation("i", 0)
		spoil(&bad)
		_, err := s.AddInvitation(t.Context(), bad)
		check(t, err, store.ErrInvalid)
	}
	most := Invitation("i", 0)
	most.Attempts = store.MaxAttempts
	_, err := s.AddInvitation(t.Context(), most)
	check(t, err, nil)
	for _, spoil := range []func(*store.Redemption){
		func(r *store.Redemption) { r.CodeHash = [sha256.Size]byte{} },
		func(r *store.Redemption) { r.TxCodeHash = [sha256.Size]byte{} },
		func(r *store.Redemption) { r.KeyThumbprint = "" },
		func(r *store.Redemption) { r.Tokens.AccessHash = [sha256.Size]byte{} },
		func(r *store.Redemption) { r.Tokens.RefreshExpiresAt = time.Time{} },
		func(r *store.Redemption) { r.Proof = store.OneTime{} },
		func(r *store.Redemption) { r.At = time.Time{} },
	} {
		bad := redemption("i", "phone")
		spoil(&bad)
		_, _, err := s.RedeemInvitation(t.Context(), bad)
		check(t, err, store.ErrInvalid)
	}
	bad := refreshment("i", "", "x")
	_, err = s.RefreshEnrolment(t.Context(), bad)
	check(t, err, store.ErrInvalid)
	for _, d := range []store.Delivery{
		{EnrolmentID: "i", BadgeIDs: []string{"b"}, At: now}, {ID: "d", BadgeIDs: []string{"b"}, At: now},
		{ID: "d", EnrolmentID: "i", At: now}, {ID: "d", EnrolmentID: "i", BadgeIDs: []string{"b"}},
		{ID: "d", EnrolmentID: "i", BadgeIDs: make([]string, store.MaxDelivery+1), At: now},
	} {
		_, err := s.RecordDelivery(t.Context(), d)
		check(t, err, store.ErrInvalid)
	}
	for _, n := range []store.Notification{
		{EnrolmentID: "i", Event: store.CredentialAccepted, At: now}, {DeliveryID: "d", Event: store.CredentialAccepted, At: now},
		{DeliveryID: "d", EnrolmentID: "i", At: now}, {DeliveryID: "d", EnrolmentID: "i", Event: "eaten", At: now},
	} {
		_, err := s.RecordNotification(t.Context(), n)
		check(t, err, store.ErrInvalid)
	}
}

func manyRedeem(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustInvite(t, s, "i")
	outcomes := make([]store.Outcome, callers)
	together(func(caller int) {
		r := redemption("i", "phone")
		r.Tokens = tokens(fmt.Sprint(caller))
		var err error
		if _, outcomes[caller], err = s.RedeemInvitation(t.Context(), r); err != nil {
			t.Error(err)
		}
	})
	won := 0
	for caller, outcome := range outcomes {
		_, err := s.EnrolmentByAccess(t.Context(), Sum(fmt.Sprint("access ", caller)), now)
		if outcome == store.Redeemed {
			check(t, err, nil)
			won++
			continue
		}
		equal(t, "outcome", outcome, store.Over)
		check(t, err, store.ErrNotFound)
	}
	equal(t, "winners", won, 1)
}

package storetest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var tokenTests = []test{
	{"a token is found by its hash while usable", tokenComesBack},
	{"an id and a hash are used once", tokenOnce},
	{"a revoked token stays revoked", tokenRevoked},
	{"a token that breaks a rule is refused", tokenInvalid},
}

var eventTests = []test{
	{"events come in pages and in order", eventPages},
	{"every detail is an object", eventDetails},
	{"a name never gets into an event", eventNames},
}

var textTests = []test{
	{"text comes back as it went in", textKept},
	{"text that an engine might change is refused", textRefused},
	{"text has at most so many bytes", textBound},
}

func token(id string) store.Token {
	return store.Token{
		ID: id, Name: "Turnstile, north", Hash: Sum(id), Scopes: []string{"badges:read", "people:read"}, By: officer,
		CreatedAt: now, ExpiresAt: now.AddDate(1, 0, 0),
	}
}

func tokenComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	want := token("a")
	check(t, s.AddToken(t.Context(), want), nil)
	check(t, s.AddToken(t.Context(), token("b")), nil)
	for at, found := range map[time.Time]error{
		now.Add(-time.Microsecond):            store.ErrNotFound,
		now:                                   nil,
		want.ExpiresAt.Add(-time.Microsecond): nil,
		want.ExpiresAt:                        store.ErrNotFound,
	} {
		got, err := s.TokenByHash(t.Context(), want.Hash, at)
		check(t, err, found)
		if found == nil {
			equal(t, "token", got, want)
		} else {
			equal(t, "token", got, store.Token{})
		}
	}
	_, err := s.TokenByHash(t.Context(), Sum("other"), now)
	check(t, err, store.ErrNotFound)
	all, err := s.Tokens(t.Context())
	check(t, err, nil)
	equal(t, "tokens", all, []store.Token{token("a"), token("b")})
}

func tokenOnce(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.AddToken(t.Context(), token("a")), nil)
	quiet(t, s, func() {
		sameID := token("b")
		sameID.ID = "a"
		check(t, s.AddToken(t.Context(), sameID), store.ErrAlreadyExists)
		sameHash := token("a")
		sameHash.ID = "b"
		check(t, s.AddToken(t.Context(), sameHash), store.ErrAlreadyExists)
	})
}

func tokenRevoked(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.AddToken(t.Context(), token("a")), nil)
	check(t, s.RevokeToken(t.Context(), "a", officer), nil)
	_, err := s.TokenByHash(t.Context(), Sum("a"), now)
	check(t, err, store.ErrNotFound)
	all, err := s.Tokens(t.Context())
	check(t, err, nil)
	equal(t, "revoked", all[0].RevokedAt, now)
	quiet(t, s, func() {
		check(t, s.RevokeToken(t.Context(), "a", officer), nil)
		check(t, s.RevokeToken(t.Context(), "b", officer), store.ErrNotFound)
		check(t, s.RevokeToken(t.Context(), "a", ""), store.ErrInvalid)
		check(t, s.AddToken(t.Context(), token("a")), store.ErrAlreadyExists)
	})
}

func tokenInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, spoil := range []func(*store.Token){
		func(k *store.Token) { k.ID = "" },
		func(k *store.Token) { k.Name = "" },
		func(k *store.Token) { k.By = "" },
		func(k *store.Token) { k.Hash = [sha256.Size]byte{} },
		func(k *store.Token) { k.Scopes = nil },
		func(k *store.Token) { k.Scopes = []string{"a b"} },
		func(k *store.Token) { k.CreatedAt = time.Time{} },
		func(k *store.Token) { k.ExpiresAt = time.Time{} },
		func(k *store.Token) { k.ExpiresAt = k.CreatedAt },
	} {
		bad := token("a")
		spoil(&bad)
		check(t, s.AddToken(t.Context(), bad), store.ErrInvalid)
	}
}

// everything makes one change of each kind.
func everything(t *testing.T, open Opener) store.Store {
	t.Helper()
	s := opened(t, open, Config{})
	changed := People(1)
	changed[0].FamilyName = "Secretname"
	mustImport(t, s, store.Import{People: changed, Training: Training(0), Devices: []evidence.Device{Device(0)}})
	_, err := s.SetPortrait(t.Context(), Portrait("face", 0))
	check(t, err, nil)
	_, err = s.RemovePortrait(t.Context(), store.PortraitRemoval{PersonID: "person-000", By: officer})
	check(t, err, nil)
	mustReserve(t, s, "b", 0)
	_, err = s.CompleteBadge(t.Context(), "b", Sum("b"))
	check(t, err, nil)
	_, err = setStatus(t, s, "b", store.Invalid)
	check(t, err, nil)
	check(t, s.AddToken(t.Context(), token("a")), nil)
	check(t, s.RevokeToken(t.Context(), "a", officer), nil)
	return s
}

func eventPages(t *testing.T, open Opener) {
	s := everything(t, open)
	var paged []store.Event
	for after := int64(0); ; {
		page, err := s.Events(t.Context(), after, 2)
		check(t, err, nil)
		paged = append(paged, page...)
		if len(page) < 2 {
			break
		}
		after = page[1].Number
	}
	equal(t, "pages", paged, events(t, s, 0))
	for i, e := range paged[1:] {
		if e.Number <= paged[i].Number {
			t.Errorf("event %d came behind %d", e.Number, paged[i].Number)
		}
	}
	for _, limit := range []int{-1, 0, store.MaxPage + 1} {
		_, err := s.Events(t.Context(), 0, limit)
		check(t, err, store.ErrInvalid)
	}
}

func eventDetails(t *testing.T, open Opener) {
	s := everything(t, open)
	missing := map[store.EventKind]bool{
		store.PortraitSet: true, store.PortraitRemoved: true,
		store.EvidenceImported: true, store.PersonAdded: true, store.PersonChanged: true, store.ListCreated: true,
		store.BadgePrepared: true, store.BadgeIssued: true, store.BadgeStatus: true,
		store.TokenAdded: true, store.TokenRevoked: true,
	}
	for _, e := range events(t, s, 0) {
		var detail map[string]any
		if err := json.Unmarshal(e.Detail, &detail); err != nil {
			t.Errorf("%s: %v", e.Kind, err)
		}
		equal(t, "by", e.By, officer)
		equal(t, "at", e.At, now)
		delete(missing, e.Kind)
	}
	equal(t, "kinds that were not recorded", missing, map[store.EventKind]bool{})
}

func eventNames(t *testing.T, open Opener) {
	s := everything(t, open)
	p := People(1)[0]
	for _, e := range events(t, s, 0) {
		for _, personal := range []string{"Secretname", p.FamilyName, p.GivenName, p.Email} {
			if strings.Contains(e.Subject+string(e.Detail), personal) {
				t.Errorf("event %+v holds %q", e, personal)
			}
		}
	}
}

func textKept(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for i, text := range []string{
		"'; DROP TABLE people; --", `"quoted" \ % _ ?1 $1 :a`, "😀🧑‍🚒", "e\u0301 is not \u00e9", " spaces ",
		"line\r\nbreak\ttab", "\ufeffmark", "<script>&amp;", strings.Repeat("x", store.MaxText),
	} {
		p := People(1)[0]
		p.ID, p.ExternalID, p.DisplayName = text, text, text
		mustImport(t, s, store.Import{People: []evidence.Person{p}})
		got, err := s.Person(t.Context(), text)
		check(t, err, nil)
		equal(t, "person", got, p)
		got, err = s.PersonByExternalID(t.Context(), text)
		check(t, err, nil)
		equal(t, "person", got, p)

		r := Reservation(fmt.Sprint("b", i), 0)
		r.PersonID, r.Type = text, text
		b, err := s.ReserveBadge(t.Context(), r)
		check(t, err, nil)
		got2, err := s.Badge(t.Context(), b.ID)
		check(t, err, nil)
		equal(t, "badge", got2, b)
	}
}

func textRefused(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, text := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
		refuse(t, s, text)
	}
}

func textBound(t *testing.T, open Opener) {
	refuse(t, opened(t, open, Config{}), strings.Repeat("x", store.MaxText+1))
}

// refuse hands a text to every method that keeps one.
func refuse(t *testing.T, s store.Store, text string) {
	t.Helper()
	p, training, device := People(1)[0], Training(0)[0], Device(0)
	p.Department, training.Course, device.Serial = text, text, text
	for _, im := range []store.Import{
		{By: officer, People: []evidence.Person{p}}, {By: officer, Training: []evidence.Training{training}},
		{By: officer, Devices: []evidence.Device{device}}, {By: text},
	} {
		_, err := s.ApplyImport(t.Context(), im)
		check(t, err, store.ErrInvalid)
	}
	r := Reservation("b", 0)
	r.HolderKeyThumbprint = text
	_, err := s.ReserveBadge(t.Context(), r)
	check(t, err, store.ErrInvalid)
	face := Portrait("face", 0)
	face.By = text
	_, err = s.SetPortrait(t.Context(), face)
	check(t, err, store.ErrInvalid)
	_, err = s.RemovePortrait(t.Context(), store.PortraitRemoval{PersonID: "person-000", By: text})
	check(t, err, store.ErrInvalid)
	_, err = s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: store.Invalid, Reason: text, By: officer})
	check(t, err, store.ErrInvalid)
	_, err = s.EnsureList(t.Context(), text)
	check(t, err, store.ErrInvalid)
	k := token("a")
	k.Name = text
	check(t, s.AddToken(t.Context(), k), store.ErrInvalid)
	check(t, s.RevokeToken(t.Context(), "a", text), store.ErrInvalid)
}

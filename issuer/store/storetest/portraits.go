package storetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var portraitTests = []test{
	{"a portrait comes back by its name", portraitComesBack},
	{"the same portrait again changes nothing", portraitTwice},
	{"a portrait is kept once and goes with its last person", portraitShared},
	{"a portrait is discarded once it was long of no use", portraitDiscarded},
	{"a portrait that somebody has again is not discarded", portraitBack},
	{"removing a portrait can be repeated", portraitRemoved},
	{"an import gives portraits and takes none away", portraitImported},
	{"a portrait of nobody fails the whole import", portraitOfNobody},
	{"a digest is never given other bytes", portraitForged},
	{"what breaks a rule is refused", portraitInvalid},
}

// Portrait returns a portrait for one of [People], which differs by its look.
func Portrait(look string, person int) store.PersonPortrait {
	content := []byte("picture of " + look)
	return store.PersonPortrait{
		PersonID: fmt.Sprintf("person-%03d", person),
		Portrait: portrait.Portrait{
			Bytes: content, Digest: Sum(string(content)), MediaType: portrait.MediaType, Width: 480, Height: 600,
		},
		By: officer, At: now,
	}
}

// mustSet sets a portrait and reports whether that changed anything.
func mustSet(t *testing.T, s store.Store, p store.PersonPortrait) bool {
	t.Helper()
	changed, err := s.SetPortrait(t.Context(), p)
	check(t, err, nil)
	return changed
}

func mustRemove(t *testing.T, s store.Store, person int, at time.Time) bool {
	t.Helper()
	removed, err := s.RemovePortrait(t.Context(), store.PortraitRemoval{PersonID: fmt.Sprintf("person-%03d", person), By: officer, At: at})
	check(t, err, nil)
	return removed
}

func discard(t *testing.T, s store.Store, before time.Time, want int) {
	t.Helper()
	n, err := s.DiscardPortraits(t.Context(), before)
	check(t, err, nil)
	equal(t, "discarded", n, want)
}

// kept asserts whether a portrait can be had by its name.
func kept(t *testing.T, s store.Store, p store.PersonPortrait, want error) {
	t.Helper()
	got, err := s.Portrait(t.Context(), p.Portrait.Digest.Name())
	check(t, err, want)
	if want == nil {
		equal(t, "portrait", got, p.Portrait)
	}
}

// has asserts whether somebody has a portrait.
func has(t *testing.T, s store.Store, p store.PersonPortrait, want error) {
	t.Helper()
	got, err := s.PortraitOf(t.Context(), p.PersonID)
	check(t, err, want)
	if want == nil {
		equal(t, "digest", got, p.Portrait.Digest)
	}
}

func portraitComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	face := Portrait("a face", 0)
	kept(t, s, face, store.ErrNotFound)
	has(t, s, face, store.ErrNotFound)
	before := last(t, s)
	equal(t, "changed", mustSet(t, s, face), true)
	kept(t, s, face, nil)
	has(t, s, face, nil)
	_, err := s.PortraitOf(t.Context(), "nobody")
	check(t, err, store.ErrNotFound)

	other := Portrait("another face", 0)
	other.At = time.Time{} // now
	equal(t, "changed", mustSet(t, s, other), true)
	has(t, s, other, nil)
	kept(t, s, face, nil) // badges may name it
	recorded := events(t, s, before)
	equal(t, "kinds", kinds(recorded), []store.EventKind{store.PortraitSet, store.PortraitSet})
	equal(t, "subject", recorded[0].Subject, "person-000")
	equal(t, "at", recorded[1].At, now)
	salt := saltOf(t, s, "person-000")
	first, second := salt.Portrait(face.Portrait.Digest), salt.Portrait(other.Portrait.Digest)
	equal(t, "detail", string(recorded[0].Detail)+string(recorded[1].Detail),
		`{"replaced":false,"after":"`+first+`"}{"replaced":true,"before":"`+first+`","after":"`+second+`"}`)
}

func portraitTwice(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	face := Portrait("a face", 0)
	mustSet(t, s, face)
	quiet(t, s, func() { equal(t, "changed", mustSet(t, s, face), false) })
	discard(t, s, now.Add(time.Hour), 0)
}

func portraitShared(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	first, second := Portrait("one face", 0), Portrait("one face", 1)
	mustSet(t, s, first)
	equal(t, "changed", mustSet(t, s, second), true)
	has(t, s, second, nil)
	mustRemove(t, s, 0, now)
	discard(t, s, now.Add(time.Hour), 0)
	kept(t, s, second, nil)
	mustRemove(t, s, 1, now)
	discard(t, s, now.Add(time.Hour), 1)
	kept(t, s, second, store.ErrNotFound)
}

func portraitDiscarded(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	face, other := Portrait("a face", 0), Portrait("another face", 0)
	mustSet(t, s, face)
	other.At = now.Add(time.Minute)
	mustSet(t, s, other)
	quiet(t, s, func() {
		discard(t, s, other.At, 0)
		kept(t, s, face, nil)
		discard(t, s, other.At.Add(time.Microsecond), 1)
		kept(t, s, face, store.ErrNotFound)
		kept(t, s, other, nil)
	})
	_, err := s.DiscardPortraits(t.Context(), time.Time{})
	check(t, err, store.ErrInvalid)
}

func portraitBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	face := Portrait("a face", 0)
	mustSet(t, s, face)
	mustRemove(t, s, 0, now)
	again := Portrait("a face", 1)
	equal(t, "changed", mustSet(t, s, again), true)
	discard(t, s, now.Add(time.Hour), 0)
	kept(t, s, again, nil)
	has(t, s, again, nil)
	has(t, s, face, store.ErrNotFound)
}

func portraitRemoved(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustSet(t, s, Portrait("a face", 0))
	before := last(t, s)
	equal(t, "removed", mustRemove(t, s, 0, time.Time{}), true)
	recorded := events(t, s, before)
	equal(t, "kinds", kinds(recorded), []store.EventKind{store.PortraitRemoved})
	equal(t, "subject", recorded[0].Subject, "person-000")
	quiet(t, s, func() {
		equal(t, "removed", mustRemove(t, s, 0, now), false)
		_, err := s.RemovePortrait(t.Context(), store.PortraitRemoval{PersonID: "nobody", By: officer})
		check(t, err, store.ErrNotFound)
		_, err = s.SetPortrait(t.Context(), Portrait("a face", 999))
		check(t, err, store.ErrNotFound)
	})
}

func portraitImported(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	uploaded := Portrait("an uploaded face", 0)
	mustSet(t, s, uploaded)

	// Changed, so that the person's record is written anew.
	changed := People(2)
	changed[0].Department = "Elsewhere"
	sent := Portrait("a face that was sent", 1)
	sent.By, sent.At = "", time.Time{} // the import's
	im := store.Import{People: changed, Portraits: []store.PersonPortrait{Portrait("an older one", 1), sent}}
	before := last(t, s)
	equal(t, "portraits", mustImport(t, s, im).Portraits, store.ImportCount{Added: 1})
	has(t, s, uploaded, nil)
	has(t, s, sent, nil)
	kept(t, s, Portrait("an older one", 1), store.ErrNotFound)
	equal(t, "kinds", kinds(events(t, s, before)), []store.EventKind{store.PersonChanged, store.PortraitSet, store.EvidenceImported})
	quiet(t, s, func() {
		equal(t, "again", mustImport(t, s, im).Portraits, store.ImportCount{Unchanged: 1})
	})

	// Of somebody who comes in the same import, and in place of another.
	replacing := Portrait("a newer face", 0)
	whole := store.Import{People: People(4), Portraits: []store.PersonPortrait{Portrait("a new person", 3), replacing}}
	equal(t, "portraits", mustImport(t, s, whole).Portraits, store.ImportCount{Added: 1, Changed: 1})
	has(t, s, replacing, nil)
	kept(t, s, uploaded, nil)
}

func portraitOfNobody(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	quiet(t, s, func() {
		_, err := s.ApplyImport(t.Context(), store.Import{By: officer, Portraits: []store.PersonPortrait{Portrait("a", 0), Portrait("b", 999)}})
		check(t, err, store.ErrNotFound)
	})
	kept(t, s, Portrait("a", 0), store.ErrNotFound)
}

func portraitForged(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	face := Portrait("a face", 0)
	mustSet(t, s, face)
	forged := Portrait("another", 1)
	forged.Portrait.Digest = face.Portrait.Digest
	quiet(t, s, func() {
		_, err := s.SetPortrait(t.Context(), forged)
		check(t, err, store.ErrInvalid)
	})
	kept(t, s, face, nil)
}

func portraitInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	sized := func(size int) store.PersonPortrait {
		p := Portrait("a face", 0)
		p.Portrait.Bytes = bytes.Repeat([]byte{7}, size)
		p.Portrait.Digest = Sum(string(p.Portrait.Bytes))
		return p
	}
	mustSet(t, s, sized(store.MaxPortrait))
	quiet(t, s, func() {
		for _, spoil := range []func(*store.PersonPortrait){
			func(p *store.PersonPortrait) { p.PersonID = "" },
			func(p *store.PersonPortrait) { p.Portrait.MediaType = "" },
			func(p *store.PersonPortrait) { p.Portrait.Width = 0 },
			func(p *store.PersonPortrait) { p.Portrait.Height = -1 },
			func(p *store.PersonPortrait) { p.Portrait.Digest[0] ^= 1 },
			func(p *store.PersonPortrait) { *p = sized(0) },
			func(p *store.PersonPortrait) { *p = sized(store.MaxPortrait + 1) },
		} {
			bad := Portrait("a face", 0)
			spoil(&bad)
			_, err := s.SetPortrait(t.Context(), bad)
			check(t, err, store.ErrInvalid)
			_, err = s.ApplyImport(t.Context(), store.Import{By: officer, People: []evidence.Person{}, Portraits: []store.PersonPortrait{bad}})
			check(t, err, store.ErrInvalid)
		}
		nobody := Portrait("a face", 0)
		nobody.By = ""
		_, err := s.SetPortrait(t.Context(), nobody)
		check(t, err, store.ErrInvalid)
		_, err = s.RemovePortrait(t.Context(), store.PortraitRemoval{By: officer})
		check(t, err, store.ErrInvalid)
	})
}

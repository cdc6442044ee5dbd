package storetest

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var traceTests = []test{
	{"events of people tell before and after by salted hashes", personTraced},
	{"events of portraits do, too", portraitTraced},
	{"two people who are alike have different hashes", tracesDiffer},
	{"the salt goes with the person", saltErased},
}

// trace is what an event tells of a person, by hash.
type trace struct{ Before, After string }

func traceOf(t *testing.T, e store.Event) (found trace) {
	t.Helper()
	check(t, json.Unmarshal(e.Detail, &found), nil)
	return found
}

// saltOf returns the salt that a person's export has.
func saltOf(t *testing.T, s store.Store, id string) (salt store.Salt) {
	t.Helper()
	e, _ := exported(t, s, id)
	var kept struct{ Salt string }
	check(t, json.Unmarshal(e.Person, &kept), nil)
	n, err := hex.Decode(salt[:], []byte(kept.Salt))
	check(t, err, nil)
	equal(t, "bytes of salt", n, len(salt))
	return salt
}

// eventsOf are the events of a kind about a subject.
func eventsOf(t *testing.T, s store.Store, kind store.EventKind, subject string) (found []store.Event) {
	t.Helper()
	for _, e := range events(t, s, 0) {
		if e.Kind == kind && e.Subject == subject {
			found = append(found, e)
		}
	}
	return found
}

func personTraced(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	first := People(1)[0]
	second := first
	second.FamilyName, second.Role = "Núñez", "engineer"
	mustImport(t, s, store.Import{People: []evidence.Person{second}})
	salt := saltOf(t, s, first.ID)
	added, changed := eventsOf(t, s, store.PersonAdded, first.ID), eventsOf(t, s, store.PersonChanged, first.ID)
	equal(t, "events", []int{len(added), len(changed)}, []int{1, 1})
	equal(t, "added", traceOf(t, added[0]), trace{"", salt.Person(first)})
	equal(t, "changed", traceOf(t, changed[0]), trace{salt.Person(first), salt.Person(second)})
	mustImport(t, s, store.Import{People: []evidence.Person{first}})
	equal(t, "back again", traceOf(t, eventsOf(t, s, store.PersonChanged, first.ID)[1]), trace{salt.Person(second), salt.Person(first)})
}

func portraitTraced(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	one, two := Portrait("one", 0), Portrait("two", 0)
	for _, p := range []store.PersonPortrait{one, two} {
		_, err := s.SetPortrait(t.Context(), p)
		check(t, err, nil)
	}
	_, err := s.RemovePortrait(t.Context(), store.PortraitRemoval{PersonID: one.PersonID, By: officer, At: now})
	check(t, err, nil)
	salt := saltOf(t, s, one.PersonID)
	hash := func(d portrait.Digest) string { return salt.Portrait(d) }
	set := eventsOf(t, s, store.PortraitSet, one.PersonID)
	equal(t, "set", traceOf(t, set[0]), trace{"", hash(one.Portrait.Digest)})
	equal(t, "replaced", traceOf(t, set[1]), trace{hash(one.Portrait.Digest), hash(two.Portrait.Digest)})
	equal(t, "removed", traceOf(t, eventsOf(t, s, store.PortraitRemoved, one.PersonID)[0]), trace{hash(two.Portrait.Digest), ""})
}

func tracesDiffer(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	if saltOf(t, s, "person-000") == saltOf(t, s, "person-001") {
		t.Error("two people have one salt")
	}
	for person := range 2 {
		_, err := s.SetPortrait(t.Context(), Portrait("face", person))
		check(t, err, nil)
	}
	if a, b := eventsOf(t, s, store.PortraitSet, "person-000"), eventsOf(t, s, store.PortraitSet, "person-001"); traceOf(t, a[0]) == traceOf(t, b[0]) {
		t.Errorf("one picture of two people has one hash: %s", a[0].Detail)
	}
}

func saltErased(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	salt := saltOf(t, s, "person-000")
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	if _, text := exported(t, s, "person-000"); strings.Contains(text, hex.EncodeToString(salt[:])) {
		t.Errorf("the salt is still kept: %s", text)
	}
	mustImport(t, s, store.Import{People: People(1)})
	if saltOf(t, s, "person-000") == salt {
		t.Error("who comes back has the salt from before")
	}
}

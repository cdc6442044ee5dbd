package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var keyTests = []test{
	{"a key comes back as it was made", keyIsKept},
	{"the first keys are adopted once", keysAreAdopted},
	{"every step of a key's life, and no other", keySteps},
	{"activating retires the one before", keyActivation},
	{"tainting has another take over", keySuccession},
	{"a badge is begun with the active key alone", badgesNameTheirKey},
	{"badges end with their key, in batches", badgesEndWithTheirKey},
	{"what a key must hold", keyValidation},
}

func someKey(id string, purpose store.KeyPurpose) store.Key {
	return store.Key{ID: id, Purpose: purpose, JWK: json.RawMessage(`{"kid":"` + id + `"}`), PreparedAt: now, By: officer}
}

func mustAddKey(t *testing.T, s store.Store, id string, purpose store.KeyPurpose) {
	t.Helper()
	check(t, s.AddKey(t.Context(), someKey(id, purpose)), nil)
}

func mustAdopt(t *testing.T, s store.Store, keys ...store.Key) {
	t.Helper()
	check(t, s.AdoptKeys(t.Context(), keys), nil)
}

func changeKey(t *testing.T, s store.Store, id string, to store.KeyState) error {
	t.Helper()
	_, err := s.ChangeKey(t.Context(), store.KeyChange{ID: id, To: to, By: officer, At: now, Reason: "a test"})
	return err
}

// states returns what has become of each key.
func states(t *testing.T, s store.Store) map[string]store.KeyState {
	t.Helper()
	keys, err := s.Keys(t.Context())
	check(t, err, nil)
	all := make(map[string]store.KeyState, len(keys))
	for _, k := range keys {
		all[k.ID] = k.State
	}
	return all
}

func keyIsKept(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	mustAddKey(t, s, "one", store.ForBadges)
	keys, err := s.Keys(t.Context())
	check(t, err, nil)
	want := someKey("one", store.ForBadges)
	want.State = store.KeyPrepared
	equal(t, "keys", keys, []store.Key{want})
	check(t, s.AddKey(t.Context(), someKey("one", store.ForLists)), store.ErrAlreadyExists)

	told := events(t, s, before)
	equal(t, "events", len(told), 1)
	equal(t, "kind", told[0].Kind, store.KeyWasPrepared)
	equal(t, "subject", told[0].Subject, "one")
	equal(t, "detail", string(told[0].Detail), `{"purpose":"badge","to":"prepared"}`)
}

func keysAreAdopted(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "old", 0)
	mustAdopt(t, s, someKey("one", store.ForBadges), someKey("list", store.ForLists))
	badge, err := s.Badge(t.Context(), "old")
	check(t, err, nil)
	equal(t, "key of a badge from before", badge.KeyID, "one")
	quiet(t, s, func() { mustAdopt(t, s, someKey("one", store.ForBadges), someKey("two", store.ForBadges)) })
	equal(t, "states", states(t, s), map[string]store.KeyState{"one": store.KeyActive, "list": store.KeyActive})

	// One that was prepared is not the first.
	mustAddKey(t, s, "signal", store.ForSignals)
	quiet(t, s, func() { mustAdopt(t, s, someKey("other", store.ForSignals)) })
}

func keySteps(t *testing.T, open Opener) {
	all := []store.KeyState{store.KeyPrepared, store.KeyActive, store.KeyRetired, store.KeyRemoved, store.KeyTainted, store.KeyRevoked}
	ways := map[store.KeyState][]store.KeyState{
		store.KeyPrepared: nil,
		store.KeyActive:   {store.KeyActive},
		store.KeyRetired:  {store.KeyRetired},
		store.KeyRemoved:  {store.KeyRetired, store.KeyRemoved},
		store.KeyTainted:  {store.KeyActive, store.KeyTainted},
		store.KeyRevoked:  {store.KeyTainted, store.KeyRevoked},
	}
	allowed := map[string]bool{
		"prepared active": true, "prepared retired": true, "prepared tainted": true, "prepared revoked": true,
		"active tainted": true, "retired removed": true, "retired tainted": true, "retired revoked": true, "tainted revoked": true,
	}
	kinds := map[store.KeyState]store.EventKind{
		store.KeyActive: store.KeyWasActivated, store.KeyRetired: store.KeyWasRetired, store.KeyRemoved: store.KeyWasRemoved,
		store.KeyTainted: store.KeyWasTainted, store.KeyRevoked: store.KeyWasRevoked,
	}
	s := opened(t, open, Config{})
	for _, from := range all {
		for _, to := range all {
			id := fmt.Sprintf("%s %s", from, to)
			mustAddKey(t, s, id, store.ForLists)
			for _, through := range ways[from] {
				check(t, changeKey(t, s, id, through), nil)
			}
			before := last(t, s)
			err := changeKey(t, s, id, to)
			if !allowed[id] {
				check(t, err, store.ErrConflict)
				equal(t, id, states(t, s)[id], from)
				equal(t, "events", len(events(t, s, before)), 0)
			} else {
				check(t, err, nil)
				told := events(t, s, before)
				equal(t, "kind", told[len(told)-1].Kind, kinds[to])
				equal(t, "detail", string(told[len(told)-1].Detail),
					fmt.Sprintf(`{"purpose":"list","from":%q,"to":%q,"reason":"a test"}`, from, to))
			}
			if states(t, s)[id] == store.KeyActive {
				check(t, changeKey(t, s, id, store.KeyTainted), nil) // out of the next one's way
			}
		}
	}
	check(t, changeKey(t, s, "nobody's", store.KeyActive), store.ErrNotFound)
}

func keyActivation(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustAdopt(t, s, someKey("one", store.ForBadges), someKey("list", store.ForLists))
	mustAddKey(t, s, "two", store.ForBadges)
	before := last(t, s)
	later := now.Add(time.Hour)
	changed, err := s.ChangeKey(t.Context(), store.KeyChange{ID: "two", To: store.KeyActive, Early: true, By: officer, At: later, Reason: "in haste"})
	check(t, err, nil)
	equal(t, "changed", len(changed), 2)
	keys, err := s.Keys(t.Context())
	check(t, err, nil)
	equal(t, "keys", changed, []store.Key{keys[0], keys[2]})
	equal(t, "retired", keys[0].RetiredAt, later)
	equal(t, "activated", keys[2].ActivatedAt, later)
	equal(t, "states", states(t, s), map[string]store.KeyState{"one": store.KeyRetired, "two": store.KeyActive, "list": store.KeyActive})
	told := events(t, s, before)
	equal(t, "events", []store.EventKind{told[0].Kind, told[1].Kind}, []store.EventKind{store.KeyWasRetired, store.KeyWasActivated})
	equal(t, "early", string(told[1].Detail), `{"purpose":"badge","from":"prepared","to":"active","reason":"in haste","early":true}`)
}

func keySuccession(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustAdopt(t, s, someKey("one", store.ForBadges))
	mustAddKey(t, s, "list", store.ForLists)
	mustAddKey(t, s, "two", store.ForBadges)
	mustAddKey(t, s, "three", store.ForBadges)
	taint := func(id, successor string) error {
		_, err := s.ChangeKey(t.Context(), store.KeyChange{ID: id, To: store.KeyTainted, Successor: successor, By: officer, At: now})
		return err
	}
	for _, wrong := range []string{"list", "one", "nobody's"} {
		before := states(t, s)
		if err := taint("one", wrong); err == nil {
			t.Errorf("%q took over", wrong)
		}
		equal(t, "states", states(t, s), before)
	}
	check(t, taint("three", "two"), store.ErrConflict) // it does not sign: there is nothing to take over
	check(t, taint("one", "two"), nil)
	equal(t, "states", states(t, s), map[string]store.KeyState{
		"one": store.KeyTainted, "two": store.KeyActive, "three": store.KeyPrepared, "list": store.KeyPrepared,
	})
	check(t, taint("two", ""), nil)
	equal(t, "state", states(t, s)["two"], store.KeyTainted)
}

func badgesNameTheirKey(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustAdopt(t, s, someKey("one", store.ForBadges), someKey("list", store.ForLists))
	mustAddKey(t, s, "two", store.ForBadges)
	reserve := func(id, key string) error {
		r := Reservation(id, 0)
		r.KeyID = key
		_, err := s.ReserveBadge(t.Context(), r)
		return err
	}
	check(t, reserve("a", "one"), nil)
	check(t, reserve("b", "two"), store.ErrKeyInactive)
	check(t, reserve("b", "list"), store.ErrKeyInactive)
	check(t, reserve("b", "nobody's"), store.ErrKeyInactive)
	check(t, changeKey(t, s, "two", store.KeyActive), nil)
	check(t, reserve("b", "one"), store.ErrKeyInactive)
	check(t, reserve("b", "two"), nil)
	for id, want := range map[string]string{"a": "one", "b": "two"} {
		badge, err := s.Badge(t.Context(), id)
		check(t, err, nil)
		equal(t, "key", badge.KeyID, want)
	}
	expires := Reservation("", 0).ExpiresAt
	for _, c := range []struct {
		key  string
		at   time.Time
		live int
	}{{"one", now, 1}, {"two", expires.Add(-time.Microsecond), 1}, {"two", expires, 0}, {"nobody's", now, 0}} {
		use, err := s.KeyUse(t.Context(), c.key, c.at)
		check(t, err, nil)
		equal(t, "live badges of "+c.key, use.Live, c.live)
	}
}

func badgesEndWithTheirKey(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 4096})
	mustAdopt(t, s, someKey("one", store.ForBadges))
	mustAddKey(t, s, "two", store.ForBadges)
	for n := range store.MaxKeyBadges + 3 {
		r := Reservation(fmt.Sprint(n), 0)
		r.KeyID = "one"
		_, err := s.ReserveBadge(t.Context(), r)
		check(t, err, nil)
	}
	_, err := s.CompleteBadge(t.Context(), "0", Sum("0"))
	check(t, err, nil)
	_, err = setStatus(t, s, "1", store.Suspended)
	check(t, err, nil)
	_, err = setStatus(t, s, "2", store.Invalid)
	check(t, err, nil)
	revoke := func() (int, error) {
		return s.RevokeBadgesOfKey(t.Context(), store.KeyRevocation{KeyID: "one", Reason: "key", By: officer, At: now})
	}
	_, err = revoke()
	check(t, err, store.ErrConflict)
	check(t, changeKey(t, s, "two", store.KeyActive), nil)
	_, err = revoke() // a key that is retired signed nothing wrong
	check(t, err, store.ErrConflict)
	check(t, changeKey(t, s, "one", store.KeyTainted), nil)
	for _, want := range []int{store.MaxKeyBadges, 2, 0} {
		got, err := revoke()
		check(t, err, nil)
		equal(t, "revoked", got, want)
	}
	for _, id := range []string{"0", "1", "3"} {
		badge, err := s.Badge(t.Context(), id)
		check(t, err, nil)
		equal(t, "status of "+id, badge.Status, store.Invalid)
		equal(t, "reason", badge.StatusReason, "key")
	}
	// What was on its way to be signed is not handed out.
	_, err = s.CompleteBadge(t.Context(), "3", Sum("3"))
	check(t, err, store.ErrFinal)
	use, err := s.KeyUse(t.Context(), "one", now)
	check(t, err, nil)
	equal(t, "live", use.Live, 0)
	_, err = s.RevokeBadgesOfKey(t.Context(), store.KeyRevocation{KeyID: "nobody's", Reason: "key", By: officer, At: now})
	check(t, err, store.ErrNotFound)
}

func keyValidation(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	jwk := func(size int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", size-2) + `"`) }
	bound := someKey("bound", store.ForBadges)
	bound.JWK = jwk(store.MaxJWK)
	check(t, s.AddKey(t.Context(), bound), nil)
	for name, spoil := range map[string]func(*store.Key){
		"no id":               func(k *store.Key) { k.ID = "" },
		"no instant":          func(k *store.Key) { k.PreparedAt = time.Time{} },
		"nobody's":            func(k *store.Key) { k.By = "" },
		"no purpose":          func(k *store.Key) { k.Purpose = "" },
		"another purpose":     func(k *store.Key) { k.Purpose = "badges" },
		"no public half":      func(k *store.Key) { k.JWK = nil },
		"a large one":         func(k *store.Key) { k.JWK = jwk(store.MaxJWK + 1) },
		"one that is no JSON": func(k *store.Key) { k.JWK = json.RawMessage("{") },
	} {
		k := someKey("wrong", store.ForBadges)
		spoil(&k)
		if err := s.AddKey(t.Context(), k); err == nil {
			t.Errorf("%s was added", name)
		} else {
			check(t, err, store.ErrInvalid)
		}
		check(t, s.AdoptKeys(t.Context(), []store.Key{k}), store.ErrInvalid)
	}
	for _, c := range []store.KeyChange{
		{To: store.KeyActive, By: officer, At: now},
		{ID: "bound", To: store.KeyActive, At: now},
		{ID: "bound", To: store.KeyActive, By: officer},
		{ID: "bound", To: store.KeyActive, By: officer, At: now, Successor: "bound"},
		{ID: "bound", To: store.KeyRetired, By: officer, At: now, Early: true},
	} {
		_, err := s.ChangeKey(t.Context(), c)
		check(t, err, store.ErrInvalid)
	}
	_, err := s.RevokeBadgesOfKey(t.Context(), store.KeyRevocation{KeyID: "bound", By: officer, At: now})
	check(t, err, store.ErrInvalid)
}

package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var bundleTests = []test{
	{"the number of a bundle is that of its event", bundleNumber},
	{"bundles made at once have different numbers", bundlesAtOnce},
	{"what a bundle must say", bundleValidation},
}

func someBundle() store.BundleExport {
	return store.BundleExport{Customer: "plant-7", Expires: now.Add(time.Hour), Lists: true, By: officer, At: now}
}

func bundleNumber(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustAddKey(t, s, "one", store.ForBadges) // some other event
	number, err := s.RecordBundle(t.Context(), someBundle())
	check(t, err, nil)
	events, err := s.Events(t.Context(), number-1, 2)
	check(t, err, nil)
	if len(events) != 1 || events[0].Number != number || events[0].Kind != store.BundleExported || events[0].Subject != "plant-7" ||
		events[0].By != officer || string(events[0].Detail) != `{"expires":"`+now.Add(time.Hour).UTC().Format(time.RFC3339Nano)+`","lists":true,"portraits":false}` {
		t.Errorf("number %d, events %+v", number, events)
	}
}

func bundlesAtOnce(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	numbers := make([]int64, 20)
	var all sync.WaitGroup
	for i := range numbers {
		all.Go(func() {
			var err error
			numbers[i], err = s.RecordBundle(t.Context(), someBundle())
			check(t, err, nil)
		})
	}
	all.Wait()
	slices.Sort(numbers)
	if n := len(slices.Compact(numbers)); n != 20 {
		t.Errorf("%d different numbers", n)
	}
}

func bundleValidation(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for name, change := range map[string]func(*store.BundleExport){
		"by nobody":            func(e *store.BundleExport) { e.By = "" },
		"at no time":           func(e *store.BundleExport) { e.At = time.Time{} },
		"without an end":       func(e *store.BundleExport) { e.Expires = time.Time{} },
		"over before it is":    func(e *store.BundleExport) { e.Expires = e.At },
		"for a customer \x00":  func(e *store.BundleExport) { e.Customer = "a\x00" },
		"for one not in UTF-8": func(e *store.BundleExport) { e.Customer = "\xff" },
	} {
		e := someBundle()
		change(&e)
		if number, err := s.RecordBundle(t.Context(), e); number != 0 {
			t.Errorf("%s: number %d", name, number)
		} else {
			check(t, err, store.ErrInvalid)
		}
	}
}

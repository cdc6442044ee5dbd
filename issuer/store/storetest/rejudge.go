package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var rejudgeTests = []test{
	{"who is due is judged, the earliest first", rejudgeDue},
	{"everybody not under a policy is judged in batches", rejudgePolicy},
	{"one whom the judge fails for keeps nobody else from being judged", rejudgeFails},
	{"a request that names nobody or too many is refused", rejudgeInvalid},
}

func rejudgeDue(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	mustJudge(t, s, c, store.Import{At: now.Add(2 * time.Minute), Devices: []evidence.Device{Device(0)}})
	mustJudge(t, s, c, store.Import{At: now.Add(time.Minute), Devices: []evidence.Device{Device(1)}})
	mustJudge(t, s, c, store.Import{At: now, Devices: []evidence.Device{Device(2)}})
	c.judged()
	due := func(at time.Time, limit int, want ...string) {
		t.Helper()
		result, err := s.Rejudge(t.Context(), store.RejudgeRequest{Due: at, Limit: limit, At: at, By: officer, Judge: c.judge})
		check(t, err, nil)
		var got []string
		for _, seen := range c.seen {
			got = append(got, seen.Person.ID)
		}
		equal(t, "judged", got, want)
		equal(t, "count", result.Judged, len(want))
		c.judged()
	}
	at := now.Add(time.Hour)
	due(at.Add(-time.Microsecond), 10)
	due(at, 10, "person-002")
	due(at.Add(time.Hour), 2, "person-001", "person-000")
	due(at.Add(time.Hour), 2, "person-002")
	due(at.Add(time.Hour), 2)
}

func rejudgePolicy(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	mustJudge(t, s, c, store.Import{Devices: []evidence.Device{Device(0)}})
	under := func(digest string, want int) {
		t.Helper()
		c.digest = digest
		result, err := s.Rejudge(t.Context(), store.RejudgeRequest{NotUnder: digest, Limit: 2, At: now, By: officer, Judge: c.judge})
		check(t, err, nil)
		equal(t, "judged under "+digest, result.Judged, want)
	}
	under("p1", 2)
	under("p1", 0)
	under("p2", 2)
	under("p2", 1)
	under("p2", 0)
	under("p0", 2)
}

func rejudgeFails(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	broken := errors.New("broken")
	failing := func(v store.Situation) (store.Judgement, error) {
		if v.Person.ID == "person-001" {
			return store.Judgement{}, broken
		}
		return c.judge(v)
	}
	request := store.RejudgeRequest{NotUnder: "p1", Limit: 2, At: now, By: officer, Judge: failing}
	judged := 0
	for range 3 {
		result, err := s.Rejudge(t.Context(), request)
		check(t, err, nil)
		judged += result.Judged
		if !errors.Is(result.Failed, broken) && judged < 2 {
			t.Errorf("failed is %v", result.Failed)
		}
	}
	equal(t, "judged", c.judged(), persons(0, 2))
	request.NotUnder, request.Persons = "", persons(0, 1)
	_, err := s.Rejudge(t.Context(), request)
	check(t, err, broken)
	request.Judge, request.Persons, request.NotUnder = c.judge, nil, "p1"
	result, err := s.Rejudge(t.Context(), request)
	check(t, err, nil)
	equal(t, "mended", result, store.RejudgeResult{Judged: 1, Changed: 1})
}

func rejudgeInvalid(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	good := store.RejudgeRequest{Due: now, Limit: store.MaxRejudge, At: now, By: officer, Judge: c.judge}
	_, err := s.Rejudge(t.Context(), good)
	check(t, err, nil)
	for name, spoil := range map[string]func(*store.RejudgeRequest){
		"nobody":     func(r *store.RejudgeRequest) { r.Due = time.Time{} },
		"two":        func(r *store.RejudgeRequest) { r.NotUnder = "p" },
		"no limit":   func(r *store.RejudgeRequest) { r.Limit = 0 },
		"limit":      func(r *store.RejudgeRequest) { r.Limit = store.MaxRejudge + 1 },
		"ahead":      func(r *store.RejudgeRequest) { r.Due = now.Add(1) },
		"no judge":   func(r *store.RejudgeRequest) { r.Judge = nil },
		"by nobody":  func(r *store.RejudgeRequest) { r.By = "" },
		"no instant": func(r *store.RejudgeRequest) { r.At = time.Time{} },
		"many":       func(r *store.RejudgeRequest) { r.Due, r.Persons = time.Time{}, make([]string, store.MaxRejudge+1) },
	} {
		r := good
		spoil(&r)
		_, err := s.Rejudge(t.Context(), r)
		t.Log(name)
		check(t, err, store.ErrInvalid)
	}
	_, err = s.Rejudge(t.Context(), store.RejudgeRequest{Persons: []string{"nobody"}, At: now, By: officer, Judge: c.judge})
	check(t, err, store.ErrNotFound)
}

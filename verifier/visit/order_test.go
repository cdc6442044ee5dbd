package visit_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// happening is an event as the model sees it. Its place in the slice is its name.
type happening struct {
	event   visit.Event
	person  int
	at      int // minutes
	expires int // of an admission
	names   int // of a check-out by hand: a place, perhaps none; otherwise -1
	gate    int
}

const people = 2

func happenings(t *rapid.T) []happening {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) happening {
		h := happening{
			event:  rapid.SampledFrom([]visit.Event{visit.Admitted, visit.Admitted, visit.Admitted, visit.Left, visit.Left, visit.Refused}).Draw(t, "event"),
			person: rapid.IntRange(0, people-1).Draw(t, "person"),
			at:     rapid.IntRange(0, 20).Draw(t, "at"),
			names:  -1,
			gate:   rapid.IntRange(0, 1).Draw(t, "gate"),
		}
		h.expires = h.at + rapid.SampledFrom([]int{1, 5, 100}).Draw(t, "good for")
		if h.event == visit.Left && rapid.Bool().Draw(t, "by hand") {
			h.names = rapid.IntRange(0, 12).Draw(t, "names")
		}
		return h
	}), 0, 16).Draw(t, "happenings")
}

// model walks through the minutes. A visit is the set of its admissions.
func model(all []happening) (visits map[int]int) {
	visits = map[int]int{} // person to the admission that began the visit
	members, expires := map[int]map[int]bool{}, map[int]int{}
	for minute := range 22 {
		for i, h := range all {
			if h.event != visit.Admitted || h.at != minute {
				continue
			}
			if _, here := visits[h.person]; !here || expires[h.person] <= minute {
				visits[h.person], members[h.person] = i, map[int]bool{}
			}
			members[h.person][i], expires[h.person] = true, h.expires
		}
		for _, h := range all {
			if h.event != visit.Left {
				continue
			}
			person, counts := h.person, h.at
			if h.names >= 0 {
				if h.names >= len(all) || all[h.names].event != visit.Admitted {
					continue
				}
				person, counts = all[h.names].person, max(h.at, all[h.names].at)
			}
			if counts == minute && (h.names < 0 || members[person][h.names]) {
				delete(visits, person)
				delete(members, person)
			}
		}
	}
	return visits
}

// record writes a happening for one of several registers that must not meet.
func (h happening) record(register string, place int) visit.Record {
	r := visit.Record{ID: name(register, place), At: at(h.at), Event: h.event}
	b := badge(fmt.Sprint("person ", h.person), at(h.expires))
	switch {
	case h.event == visit.Refused:
		r.Reason, r.Badge = "expired", b
	case h.names >= 0:
		r.Visit = name(register, h.names)
	default:
		r.Badge = b
	}
	return r
}

func name(register string, place int) string { return fmt.Sprintf("%s-%02d", register, place) }

// TestPresent_NoOrderAndNoRepetitionMatters delivers the same records in order and
// once to one site, shuffled, repeated and in batches to another.
func TestPresent_NoOrderAndNoRepetitionMatters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(50))
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		all := happenings(t)
		places := make([]int, len(all))
		for i := range places {
			places[i] = i
		}
		shuffled := rapid.Permutation(append(slices.Clone(places), places...)).Draw(t, "order")
		batch := rapid.IntRange(1, 7).Draw(t, "batch")
		slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(all[a].at, all[b].at) })

		inOrder, anyOrder := fmt.Sprint(round, "-in-order"), fmt.Sprint(round, "-any-order")
		f.deliver(t, inOrder, all, places, 1)
		f.deliver(t, anyOrder, all, shuffled, batch)
		want := model(all)
		f.compare(t, inOrder, all, want)
		f.compare(t, anyOrder, all, want)
	})
}

func (f *fixture) deliver(t *rapid.T, site string, all []happening, order []int, batch int) {
	seen := map[int]bool{}
	for part := range slices.Chunk(order, batch) {
		for gate := range 2 {
			var records []visit.Record
			var want []visit.Result
			for _, place := range part {
				if all[place].gate != gate {
					continue
				}
				records = append(records, all[place].record(site, place))
				want = append(want, map[bool]visit.Result{false: visit.Kept, true: visit.Already}[seen[place]])
				seen[place] = true
			}
			outcomes, err := f.Keep(t.Context(), visit.Origin{Gate: fmt.Sprint(gate), GateName: fmt.Sprint("gate ", gate), Site: site}, records)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range outcomes {
				if o.Result != want[i] {
					t.Fatalf("record %s is %+v, want %s", records[i].ID, o, want[i])
				}
			}
		}
	}
}

func (f *fixture) compare(t *rapid.T, site string, all []happening, want map[int]int) {
	present, err := f.Present(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	if len(present) != len(want) {
		t.Fatalf("%s: %d present, want %d: %+v", site, len(present), len(want), present)
	}
	for person, place := range want {
		began := all[place]
		i := slices.IndexFunc(present, func(p visit.Presence) bool { return p.Badge.Subject == fmt.Sprint("person ", person) })
		if i < 0 || present[i].Visit != name(site, place) || !present[i].Since.Equal(at(began.at)) || present[i].GateName != fmt.Sprint("gate ", began.gate) {
			t.Fatalf("%s: person %d is present as %+v, want visit %d", site, person, present, place)
		}
		if present[i].Overdue != !at(50).Before(present[i].Badge.Expires) {
			t.Fatalf("%s: %+v", site, present[i])
		}
	}
	if !slices.IsSortedFunc(present, func(a, b visit.Presence) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Visit, b.Visit))
	}) {
		t.Fatalf("%s: out of order: %+v", site, present)
	}
}

func TestKeep_ManyGatesAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(50))
	done := make(chan error)
	const gates = 8
	for gate := range gates {
		go func() {
			for minute := range 10 {
				// Each gate admits the same person and lets somebody of its own out.
				own := fmt.Sprint("own ", gate)
				_, err := f.Keep(t.Context(), visit.Origin{Gate: fmt.Sprint(gate), Site: north.Site}, []visit.Record{
					admitted(fmt.Sprintf("%d-%d-a", gate, minute), "everywhere", minute+10),
					admitted(fmt.Sprintf("%d-%d-b", gate, minute), own, minute+10),
					left(fmt.Sprintf("%d-%d-c", gate, minute), own, minute+10),
				})
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range gates {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	p := f.present(t, "0-0-a")
	if want := at(10); len(p) == 1 && !p[0].Since.Equal(want) {
		t.Errorf("since %v, want %v", p[0].Since, want)
	}
}

package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// changed is a published list.
func changed(uri int, seq uint64, size int) issuer.ListToken {
	return issuer.ListToken{
		URI: fmt.Sprint("https://badge.vendor.example/status-lists/", uri), Seq: seq,
		IssuedAt: time.Unix(1_795_420_800, 0), Text: strings.Repeat("x", size),
	}
}

// states are the lists that events tell of.
func states(t testing.TB, frames [][]byte) (all []listState) {
	t.Helper()
	for _, frame := range frames {
		var state listState
		_, data, _ := strings.Cut(string(frame), "\ndata: ")
		if err := json.Unmarshal([]byte(strings.TrimSpace(data)), &state); err != nil {
			t.Fatal(err)
		}
		all = append(all, state)
	}
	return all
}

func TestEventRing_SendsTokensUpToABound(t *testing.T) {
	t.Parallel()
	g := newEventRing()
	g.put(changed(1, 1, maxTokenInEvent))
	g.put(changed(2, 1, maxTokenInEvent+1))
	frames, _, ok := (&ringReader{ring: g}).Next()
	if all := states(t, frames); !ok || len(all) != 2 || len(all[0].Token) != maxTokenInEvent || all[1].Token != "" {
		t.Errorf("%v: %.200v", ok, all)
	}
}

func TestEventRing_HoldsSoMany(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"events": 0, "bytes": maxTokenInEvent} {
		g := newEventRing()
		held := maxEvents
		if size > 0 {
			held = maxEventsSize / len(eventstream.Frame("list", g.id(100), listState{changed(100, 1, 0).URI, 1_795_420_800, 1, strings.Repeat("x", size)}))
		}
		for i := range held {
			g.put(changed(100+i, 1, size))
		}
		if _, _, ok := g.next(0); !ok || len(g.events) != held {
			t.Errorf("%s: %d of %d are held", name, len(g.events), held)
		}
		g.put(changed(1, 1, size))
		if _, _, ok := g.next(0); ok {
			t.Errorf("%s: one too many is held", name)
		}
		if _, resumed, lists := g.join(g.id(0)); resumed || len(lists) != held+1 {
			t.Errorf("%s: who was too far behind was resumed: %v, %d lists", name, resumed, len(lists))
		}
		if _, resumed, _ := g.join(g.id(1)); !resumed {
			t.Errorf("%s: who was not was not resumed", name)
		}
		if g.size > maxEventsSize {
			t.Errorf("%s: %d bytes", name, g.size)
		}
	}
}

func TestEventRing_ASignatureIsNoChange(t *testing.T) {
	t.Parallel()
	g := newEventRing()
	g.put(changed(1, 1, 1))
	again := changed(1, 1, 2)
	again.IssuedAt = again.IssuedAt.Add(time.Minute)
	g.put(again)
	if events, _, _ := g.next(0); len(events) != 1 {
		t.Errorf("%d events", len(events))
	}
	if _, _, lists := g.join(""); lists[0].IssuedAt != again.IssuedAt.Unix() {
		t.Errorf("the list is named with another time: %+v", lists[0])
	}
}

func TestEventRing_TellsThoseWhoWait(t *testing.T) {
	t.Parallel()
	g := newEventRing()
	_, more, _ := g.next(0)
	select {
	case <-more:
		t.Fatal("there is nothing")
	default:
	}
	g.put(changed(1, 1, 1))
	select {
	case <-more:
	default:
		t.Error("nobody was told")
	}
}

// knowing is a reader with what it knows.
type knowing struct {
	ringReader
	seqs map[string]uint64
}

func (k *knowing) catchUp(t testing.TB) {
	before := k.position
	frames, _, ok := k.Next()
	if !ok {
		position, resumed, lists := k.ring.join(k.ring.id(before))
		if resumed {
			t.Fatal("lost, and resumed")
		}
		k.position = position
		for _, l := range lists {
			k.seqs[l.URI] = l.Seq
		}
		return
	}
	seen := map[string]bool{}
	for _, state := range states(t, frames) {
		if seen[state.URI] {
			t.Fatalf("%s comes twice", state.URI)
		}
		seen[state.URI] = true
		k.seqs[state.URI] = state.Seq
	}
}

// Whatever changes, and however slow a reader is, after catching up it knows what
// there is.
func TestEventRing_WhoCatchesUpHasMissedNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		g := newEventRing()
		var readers [3]knowing
		for i := range readers {
			readers[i] = knowing{ringReader{ring: g}, map[string]uint64{}}
		}
		want := map[string]uint64{}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			stride := rapid.IntRange(1, 5).Draw(rt, "stride")
			for i := range rapid.IntRange(0, maxEvents+20).Draw(rt, "changes") {
				token := changed(i*stride%6, 0, 0)
				want[token.URI]++
				token.Seq = want[token.URI]
				g.put(token)
			}
			r := &readers[rapid.IntRange(0, len(readers)-1).Draw(rt, "reader")]
			r.catchUp(t)
			for uri, seq := range want {
				if r.seqs[uri] != seq {
					rt.Fatalf("%s: knows %d of %d", uri, r.seqs[uri], seq)
				}
			}
		}
	})
}

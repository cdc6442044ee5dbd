package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// large is a published list with a token that is just small enough to be sent.
func large(uri int, seq uint64) issuer.ListToken {
	return issuer.ListToken{URI: fmt.Sprint("https://badge.vendor.example/status-lists/", uri), Seq: seq, Text: strings.Repeat("x", maxTokenInEvent)}
}

func TestEvents_AReaderWhoIsTooSlowIsToldSo(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	l := follow(t, o.url, "")
	o.streams(t, 1)
	// More than the connection takes, and then more than the ring does.
	for i := range 4 * maxEvents {
		o.service.changes.put(large(i, 1))
	}
	l.hello(t)
	if last := l.end(t); last.Name != "dropped" || !strings.Contains(last.Data, eventstream.TooSlow) {
		t.Errorf("it ended with %s %.100s", last.Name, last.Data)
	}
	o.streams(t, 0)
	if got := o.measured(t)["cyberbadge_issuer_event_streams_dropped_total"]; got != "1" {
		t.Errorf("%s were dropped", got)
	}
	again := follow(t, o.url, l.lastID)
	if h := again.hello(t); h.Resumed {
		t.Error("what left the ring came back")
	}
}

func TestEvents_ManyReadersMissNothing(t *testing.T) {
	t.Parallel()
	const readers, revocations = 200, 15
	o := start(t)
	var badges []issuedBadge
	for range revocations {
		badges = append(badges, o.issue(t, eligible(t).ID))
	}
	o.publishLists(t)
	var wait sync.WaitGroup
	ready := make(chan struct{}, readers)
	for range readers {
		wait.Go(func() {
			l, err := dial(o.url, "")
			if err != nil {
				t.Error(err)
				ready <- struct{}{}
				return
			}
			defer l.Close()
			ready <- struct{}{}
			for seq := uint64(0); seq < 1+revocations; {
				e, err := l.read()
				if err != nil {
					t.Error(err)
					return
				}
				if e.Name != "list" {
					continue
				}
				got := listOf(t, e)
				if got.Seq <= seq {
					t.Errorf("seq %d after %d", got.Seq, seq)
				}
				seq = got.Seq
			}
		})
	}
	for range readers {
		<-ready
	}
	for _, badge := range badges {
		o.setStatus(t, badge.ID, "revoke", "r")
	}
	wait.Wait()
	o.streams(t, 0)
}

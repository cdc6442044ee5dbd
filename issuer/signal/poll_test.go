package signal_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// polling registers gate with a stream that is polled.
func (w *world) polling(t testing.TB, members string) string {
	t.Helper()
	w.register(t, nil)
	return w.create(t, "{"+members+"}").ID
}

func (w *world) poll(t testing.TB, id, body string) signal.PollAnswer {
	t.Helper()
	answer, err := w.desk.Poll(t.Context(), "gate", id, []byte(body), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func ids(answer signal.PollAnswer) string {
	list := "["
	for id := range answer.Sets {
		if list != "[" {
			list += ","
		}
		list += fmt.Sprintf("%q", id)
	}
	return list + "]"
}

func TestPoll_BringsTheSameUntilItIsAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.polling(t, "")
	w.set(t, w.issue(t).ID, store.Invalid)
	first := w.poll(t, id, `{}`)
	if len(first.Sets) != 2 || first.More {
		t.Fatalf("%+v", first)
	}
	for jti, text := range first.Sets {
		if s := w.opened(t, text); s.Claims["jti"] != jti || s.Claims["aud"] != audience {
			t.Errorf("%s: %v", jti, s.Claims)
		}
	}
	if again := w.poll(t, id, `{"returnImmediately":true}`); ids(again) == "[]" || len(again.Sets) != 2 {
		t.Errorf("%+v", again)
	}
	if acked := w.poll(t, id, `{"ack":`+ids(first)+`,"maxEvents":0,"returnImmediately":true}`); len(acked.Sets) != 0 || acked.More {
		t.Errorf("%+v", acked)
	}
	if after := w.poll(t, id, `{"returnImmediately":true}`); len(after.Sets) != 0 || w.state(t).Waiting != 0 {
		t.Errorf("%+v", after)
	}
}

func TestPoll_HandsOutNoMoreThanWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.polling(t, `"events_requested":["`+signal.CredentialChange+`"]`)
	const badges = signal.MaxPoll + 1
	for range badges {
		badge := w.issue(t)
		w.set(t, badge.ID, store.Invalid)
	}
	for body, want := range map[string]int{
		`{"maxEvents":0}`:                  0,
		`{"maxEvents":1}`:                  1,
		`{"max_events":2,"stream_id":"x"}`: 2, // as receivers in the field write it
		`{"max_events":2,"maxEvents":3}`:   3,
		`{"maxEvents":9007199254740991}`:   signal.MaxPoll,
		`{}`:                               signal.MaxPoll,
		`{"returnImmediately":true,"something":"other"}`: signal.MaxPoll,
	} {
		if answer := w.poll(t, id, body); len(answer.Sets) != want || !answer.More {
			t.Errorf("%s brings %d, more %v", body, len(answer.Sets), answer.More)
		}
	}
	first := w.poll(t, id, `{}`)
	if rest := w.poll(t, id, `{"ack":`+ids(first)+`}`); len(rest.Sets) != 1 || rest.More {
		t.Errorf("%+v", rest)
	}
}

func TestPoll_WhatAReceiverCouldNotTakeIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.polling(t, `"events_requested":["`+signal.CredentialChange+`"]`)
	w.set(t, w.issue(t).ID, store.Invalid)
	for jti := range w.poll(t, id, `{}`).Sets {
		w.poll(t, id, `{"returnImmediately":true,"setErrs":{"`+jti+`":{"err":"invalid_audience","description":"not ours"}}}`)
	}
	refused, err := w.desk.Refused(t.Context(), id)
	if err != nil || len(refused) != 1 || refused[0].Note != "invalid_audience: not ours" || w.state(t).Waiting != 0 {
		t.Errorf("%+v %v", refused, err)
	}
}

func TestPoll_WaitsUntilSomethingComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.polling(t, "")
	badge := w.issue(t)
	asked := make(chan struct{}, 1)
	got := make(chan signal.PollAnswer, 1)
	go func() {
		answer, err := w.desk.Poll(context.Background(), "gate", id, []byte(`{}`), func() error { asked <- struct{}{}; return nil })
		if err != nil {
			t.Error(err)
		}
		got <- answer
	}()
	<-asked
	w.set(t, badge.ID, store.Invalid)
	if answer := <-got; len(answer.Sets) == 0 {
		t.Error("it was answered with nothing")
	}
}

func TestPoll_WaitsNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	over := make(chan time.Time)
	waits := make(chan time.Duration, 10)
	client := outboundtest.Client(t, outbound.Config{})
	w.desk = w.open(t, func(c *signal.Config) {
		c.Client = client
		c.After = func(d time.Duration) <-chan time.Time { waits <- d; return over }
	})
	id := w.polling(t, "")
	done := make(chan struct{}, 3)
	poll := func(ctx context.Context, wantErr bool) {
		go func() {
			answer, err := w.desk.Poll(ctx, "gate", id, []byte(`{}`), func() error { return nil })
			if len(answer.Sets) > 0 || (err != nil) != wantErr {
				t.Errorf("%+v %v", answer, err)
			}
			done <- struct{}{}
		}()
	}
	poll(t.Context(), false)
	if wait := <-waits; wait != signal.MaxWait {
		t.Errorf("waits %s", wait)
	}
	over <- w.Now()
	<-done
	ctx, leave := context.WithCancel(t.Context())
	poll(ctx, true)
	<-waits
	leave()
	<-done
	// Two wait on a stream, a third is answered at once, and all when it is over.
	poll(t.Context(), false)
	poll(t.Context(), false)
	<-waits
	<-waits
	poll(t.Context(), false)
	<-done
	w.desk.EndPolls()
	<-done
	<-done
	poll(t.Context(), false)
	<-waits
	<-done
}

func TestPoll_AStreamThatDoesNotFlowSaysSoAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.polling(t, "")
	w.set(t, w.issue(t).ID, store.Invalid)
	if err := w.desk.Hold(t.Context(), "gate", store.SignalPaused, "", "local"); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, text := range w.poll(t, id, `{}`).Sets {
		texts = append(texts, text)
	}
	if got := w.types(t, texts); !slices.Equal(got, []string{"stream-updated"}) {
		t.Errorf("got %v", got)
	}
}

func TestPoll_RefusesWhatItCantRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.polling(t, "")
	for _, body := range []string{
		``, `[]`, `{"maxEvents":-1}`, `{"maxEvents":"1"}`, `{"maxEvents":1.5}`, `{"returnImmediately":"yes"}`, `{"ack":"x"}`, `{"ack":[1]}`,
		`{"ack":[],"ack":[]}`, `{"setErrs":[]}`,
	} {
		_, err := w.desk.Poll(t.Context(), "gate", id, []byte(body), func() error { return nil })
		wantRefused(t, body, err, signal.Invalid)
	}
	_, err := w.desk.Poll(t.Context(), "gate", "another", []byte(`{}`), nil)
	wantRefused(t, "another stream", err, signal.NotThere)
	_, err = w.desk.Poll(t.Context(), "nobody", id, []byte(`{}`), nil)
	wantRefused(t, "another receiver", err, signal.Forbidden)
	_, err = w.desk.Update(t.Context(), "gate", []byte(`{"stream_id":"`+id+`","delivery":{"method":"`+signal.Push+`","endpoint_url":"`+w.receiver.url+`"}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.desk.Poll(t.Context(), "gate", id, []byte(`{}`), nil)
	wantRefused(t, "a stream that is pushed", err, signal.NotThere)
}

package ratelimit

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
)

var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func limiter(t testing.TB, c Config) (*Limiter, *clocktest.Clock) {
	t.Helper()
	at := clocktest.New(start)
	c.Now = at.Now
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l, at
}

func TestTake_ABurstAndNotOneMore(t *testing.T) {
	t.Parallel()
	l, at := limiter(t, Config{PerSecond: 2, Burst: 5})
	for i := range 5 {
		if wait := l.Take("a"); wait != 0 {
			t.Fatalf("call %d waits %s", i+1, wait)
		}
	}
	for range 3 { // refused calls cost nothing
		if wait := l.Take("a"); wait != 500*time.Millisecond {
			t.Fatalf("one more waits %s", wait)
		}
	}
	if wait := l.Take("b"); wait != 0 {
		t.Errorf("another client waits %s", wait)
	}
	at.Move(500*time.Millisecond - 1)
	if wait := l.Take("a"); wait != 1 {
		t.Errorf("just before: %s", wait)
	}
	at.Move(1)
	if wait := l.Take("a"); wait != 0 {
		t.Errorf("after the wait: %s", wait)
	}
	if wait := l.Take("a"); wait != 500*time.Millisecond {
		t.Errorf("the wait was for one: %s", wait)
	}
}

func TestTake_AFullBucketHoldsNoMoreThanItsBurst(t *testing.T) {
	t.Parallel()
	l, at := limiter(t, Config{PerSecond: 1, Burst: 3})
	l.Take("a")
	at.Move(1000 * time.Hour)
	taken := 0
	for l.Take("a") == 0 {
		taken++
	}
	if taken != 3 {
		t.Errorf("took %d", taken)
	}
}

// TestTake_DecidesAsABucketOfTokensDoes checks against the textbook's form.
func TestTake_DecidesAsABucketOfTokensDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		const interval = 100 * time.Millisecond
		burst := rapid.IntRange(1, 20).Draw(r, "burst")
		at := clocktest.New(start)
		l, err := New(Config{PerSecond: 10, Burst: burst, Now: at.Now})
		if err != nil {
			r.Fatal(err)
		}
		tokens := time.Duration(burst) * interval // in units of time, so that nothing is rounded
		for range rapid.IntRange(1, 200).Draw(r, "calls") {
			pause := time.Duration(rapid.Int64Range(0, int64(3*interval)).Draw(r, "pause"))
			at.Move(pause)
			tokens = min(tokens+pause, time.Duration(burst)*interval)
			want := tokens >= interval
			if want {
				tokens -= interval
			}
			if wait := l.Take("a"); (wait == 0) != want || !want && wait != interval-tokens {
				r.Fatalf("waits %s with %s in the bucket", wait, tokens)
			}
		}
	})
}

func TestTake_AClockThatWasSetBackLocksNobodyOut(t *testing.T) {
	t.Parallel()
	l, at := limiter(t, Config{PerSecond: 1, Burst: 2})
	l.Take("a")
	at.Move(-24 * time.Hour)
	if wait := l.Take("a"); wait != time.Second {
		t.Errorf("waits %s", wait)
	}
	at.Move(time.Second)
	if wait := l.Take("a"); wait != 0 {
		t.Errorf("after the wait: %s", wait)
	}
	if wait := l.Take("a"); wait != time.Second {
		t.Errorf("the wait was for one: %s", wait)
	}
}

func TestTake_RemembersABoundedNumberOfClients(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, Config{PerSecond: 1, Burst: 1, Clients: 100})
	for i := range 100 {
		l.Take(fmt.Sprint(i))
	}
	if l.Take("0") == 0 || l.Clients() != 100 {
		t.Errorf("at the bound the first is forgotten; %d are kept", l.Clients())
	}
	l.Take("one more")
	if l.Clients() != 100 {
		t.Errorf("%d are kept", l.Clients())
	}
	// "0" has just called: "1" is the one that was forgotten.
	if l.Take("0") == 0 || l.Take("1") != 0 {
		t.Error("the client that called last was forgotten before the one that called first")
	}
}

func TestTake_ByManyAtOnceGivesAwayTheBurstOnce(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, Config{PerSecond: 1, Burst: 100})
	var taken atomic.Int64
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			for range 50 {
				if l.Take("a") == 0 {
					taken.Add(1)
				}
			}
		})
	}
	callers.Wait()
	if taken.Load() != 100 {
		t.Errorf("%d were let in", taken.Load())
	}
}

func TestNew_BoundsAndOneBeyond(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{
		{PerSecond: 1, Burst: 1, Clients: 1},
		{PerSecond: MaxPerSecond, Burst: MaxBurst, Clients: 1},
		{PerSecond: 1, Burst: 1, Clients: MaxClients},
		{PerSecond: 1, Burst: int(maxDepth.Seconds())},
	} {
		if _, err := New(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for word, c := range map[string]Config{
		"PerSecond": {PerSecond: 0, Burst: 1},
		"above 0":   {PerSecond: math.NaN(), Burst: 1},
		"at most":   {PerSecond: MaxPerSecond + 1, Burst: 1},
		"Burst":     {PerSecond: 1, Burst: 0},
		"1 to":      {PerSecond: 1, Burst: MaxBurst + 1},
		"Clients":   {PerSecond: 1, Burst: 1, Clients: MaxClients + 1},
		"come back": {PerSecond: 1, Burst: int(maxDepth.Seconds()) + 1},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := New(Config{Clients: -1}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not every problem at once: %v", err)
	}
}

func TestSeconds_AreLongEnough(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{
		1: 1, time.Second: 1, time.Second + 1: 2, 90 * time.Second: 90,
	} {
		if got := Seconds(wait); got != want {
			t.Errorf("%s: %d", wait, got)
		}
	}
}

func TestAddress_IsTheOneThatTheOutermostProxySaw(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		proxies   int
		want      string
	}{
		"no proxy":                     {"192.0.2.1:5000", nil, 0, "192.0.2.1"},
		"no proxy, forged":             {"192.0.2.1:5000", []string{"203.0.113.9"}, 0, "192.0.2.1"},
		"one proxy":                    {"10.0.0.1:5000", []string{"203.0.113.9"}, 1, "203.0.113.9"},
		"one proxy, forged":            {"10.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9"}, 1, "203.0.113.9"},
		"one proxy, forged in another": {"10.0.0.1:5000", []string{"198.51.100.1", "203.0.113.9"}, 1, "203.0.113.9"},
		"two proxies":                  {"10.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9, 10.0.0.2"}, 2, "203.0.113.9"},
		"two proxies, two headers":     {"10.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9", "10.0.0.2"}, 2, "203.0.113.9"},
		"fewer entries than proxies":   {"10.0.0.1:5000", []string{"203.0.113.9"}, 2, "10.0.0.1"},
		"no header":                    {"10.0.0.1:5000", nil, 1, "10.0.0.1"},
		"no address":                   {"10.0.0.1:5000", []string{"203.0.113.9, unknown"}, 1, "10.0.0.1"},
		"an empty entry":               {"10.0.0.1:5000", []string{"203.0.113.9,"}, 1, "10.0.0.1"},
		"an empty header":              {"10.0.0.1:5000", []string{""}, 1, "10.0.0.1"},
		"fifty hops":                   {"10.0.0.1:5000", []string{strings.Repeat("198.51.100.1,", 50) + "203.0.113.9"}, 1, "203.0.113.9"},
		"with a port":                  {"10.0.0.1:5000", []string{"203.0.113.9:44321"}, 1, "203.0.113.9"},
		"IPv6":                         {"[2001:db8:1:2:3:4:5:6]:5000", nil, 0, "2001:db8:1:2::/64"},
		"IPv6 of the same subscriber":  {"[2001:db8:1:2:ffff::1]:5000", nil, 0, "2001:db8:1:2::/64"},
		"IPv6 with a zone":             {"[fe80::1%eth0]:5000", nil, 0, "fe80::/64"},
		"IPv6 forwarded in brackets":   {"10.0.0.1:5000", []string{"[2001:db8::1]:443"}, 1, "2001:db8::/64"},
		"IPv6 forwarded bare":          {"10.0.0.1:5000", []string{"2001:db8::1"}, 1, "2001:db8::/64"},
		"IPv4 written as IPv6":         {"[::ffff:192.0.2.1]:5000", nil, 0, "192.0.2.1"},
		"a unix socket":                {"@", nil, 0, "unknown"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{forwardedFor: c.forwarded}}
		if got := Address(r, c.proxies); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	l, _ := limiter(b, Config{PerSecond: 1e6, Burst: 1e6})
	b.ReportAllocs()
	for b.Loop() {
		l.Take("192.0.2.1")
	}
}

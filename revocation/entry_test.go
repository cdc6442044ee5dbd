package revocation

import (
	"testing"
	"time"
)

func TestRefreshAfterIsTheTTLWithinBounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name             string
		ttl, age, maxAge time.Duration
		life             time.Duration // from now to exp; none when zero
		want             time.Duration
	}{
		{"ttl", time.Minute, 0, 24 * time.Hour, 24 * time.Hour, time.Minute},
		{"no ttl", 0, 0, 24 * time.Hour, 24 * time.Hour, MaxRefresh},
		{"ttl at the least", MinRefresh, 0, 24 * time.Hour, 24 * time.Hour, MinRefresh},
		{"ttl at the most", MaxRefresh, 0, 24 * time.Hour, 24 * time.Hour, MaxRefresh},
		{"ttl over the most", MaxRefresh + time.Second, 0, 24 * time.Hour, 24 * time.Hour, MaxRefresh},
		{"too old before the ttl is over", time.Hour, 10 * time.Minute, 15 * time.Minute, 24 * time.Hour, 5 * time.Minute},
		{"expired before the ttl is over", time.Hour, 0, 24 * time.Hour, time.Minute, time.Minute},
		{"too old already", time.Hour, time.Hour, 15 * time.Minute, 24 * time.Hour, MinRefresh},
		{"without exp", time.Minute, 0, 24 * time.Hour, 0, time.Minute},
	} {
		token := Token{IssuedAt: now.Add(-test.age), TTL: test.ttl}
		if test.life != 0 {
			token.Expires = now.Add(test.life)
		}
		if got := token.refreshAfter(now, test.maxAge); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestIsDueWhenTheClockWentBack(t *testing.T) {
	t.Parallel()
	e := entry{looked: now, due: now.Add(time.Minute)}
	for at, want := range map[time.Duration]bool{-time.Nanosecond: true, 0: false, time.Minute - 1: false, time.Minute: true} {
		if got := e.isDue(now.Add(at)); got != want {
			t.Errorf("at %v: %v", at, got)
		}
	}
}

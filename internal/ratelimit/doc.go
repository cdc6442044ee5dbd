// Package ratelimit keeps one caller from taking what is there for all.
//
//	limiter, err := ratelimit.New(ratelimit.Config{PerSecond: 50, Burst: 500})
//	if wait := limiter.Take(client); wait > 0 {
//		// 429 with Retry-After: ratelimit.Seconds(wait)
//	}
//
// Each client has a bucket of Burst calls that fills up again at PerSecond. A call
// takes one out; with none left it is refused, and a refused call costs nothing,
// so that whoever waits as told gets in.
//
// A bucket is kept as one instant, the one at which it will be full again (the
// generic cell rate algorithm of ITU-T I.371, which decides as a bucket of tokens
// does). Buckets are kept for the clients that called last: what an attacker with
// many addresses costs is bounded, and what they gain is a full bucket for a
// client of theirs that had not called for long.
//
// # Who is one client
//
// Whoever is known by a token or a session is that token or session. Of everybody
// else there is the address alone: [Address] finds it behind proxies, and a whole
// IPv6 /64 is one client, since that is what one subscriber gets.
//
// This is fairness among callers of one process. It is no defence against floods
// that fill the line, and guessing is bounded elsewhere: tokens are too long for
// it, transaction codes have their own count of attempts.
package ratelimit

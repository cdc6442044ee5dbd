package revocation

import "context"

// Follower listens to the stream on which an issuer says that a list has changed.
// Package revocation/fetch has the one for HTTP.
type Follower interface {
	// Follow calls heard, from one goroutine, with what the stream at uri says,
	// until the stream ends, and returns why; it always does. The zero Notice comes
	// first and whenever something may have gone unheard.
	Follow(ctx context.Context, uri string, heard func(Notice)) error
}

// Notice says that a list has changed. It is a hint and proves nothing: what it
// can bring about is that a list is looked at, which is verified like any other.
type Notice struct {
	URI   string // of the list; empty: any of them may have changed
	Token string // the list itself, if it came along
}

package notify

import (
	"context"
	"time"
)

// MaxNote is how long an outcome's note may be, in bytes. Longer ones are cut.
const MaxNote = 500

// Outbox keeps messages until they are settled. It is durable and safe for
// concurrent use, also by several processes.
type Outbox interface {
	// Claim hands out at most limit messages of one channel that are due at now,
	// the longest due first, and none to anybody else before now+lease. Each claim
	// counts as an attempt, so that a message which kills the process does not do
	// so for ever.
	//
	// Of the messages for one person on one channel only the one queued first is
	// handed out, and nothing else of them until it is settled: delivered, dropped,
	// dead or held. Messages about nobody have no order among them.
	Claim(ctx context.Context, channel Channel, now time.Time, limit int, lease time.Duration) ([]Message, error)

	// Finish records what became of an attempt, and queues what follows from it in
	// the same transaction. An outcome of an attempt that is not the last one is
	// ignored unless it is Delivered: somebody else has the message now.
	Finish(ctx context.Context, id string, o Outcome) error

	// NextDue returns the earliest instant at which Claim would hand out something
	// of the channel, leases included; zero when nothing waits.
	NextDue(ctx context.Context, channel Channel) (time.Time, error)
}

// State is where a message stands after an attempt. The set is closed and its
// texts are stable.
type State string

// The states. All but Waiting are settled.
const (
	Waiting   State = "waiting"   // to be tried again at Outcome.NextAt
	Delivered State = "delivered" // the other side took it
	Dropped   State = "dropped"   // nobody is there any more to be told
	Dead      State = "dead"      // given up; an officer can send it again
	HeldBack  State = "held"      // not done until somebody confirms it
)

// Outcome is what became of one attempt.
type Outcome struct {
	Attempt int // Message.Attempts
	State   State
	At      time.Time
	NextAt  time.Time // of Waiting
	// To is the role that really got it, and Instead why that is not the one
	// it was for.
	To      Role
	Instead Instead
	// Note says what happened, for an officer. It holds no names, no addresses and
	// no secrets.
	Note string
	// Follow are messages to queue with this outcome, without ids. A key that was
	// queued before is skipped.
	Follow []Message
}

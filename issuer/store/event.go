package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// EventReader answers who did what. Events come into being with the change they
// tell of, in the same transaction, and by nothing else; the engine
// refuses to change or remove one.
type EventReader interface {
	// Events returns at most limit events in the order in which they happened,
	// beginning behind the event number after; 0 begins at the start. Fewer than
	// limit means the end. limit is 1 to MaxPage, else ErrInvalid.
	Events(ctx context.Context, after int64, limit int) ([]Event, error)

	// VerifyEvents works out the whole chain and returns its head. It fails with a
	// *[ChainError] where an event was changed, moved, left out or put in, where the
	// newest are missing, and where a head that the caller has from earlier is not
	// on the chain.
	VerifyEvents(ctx context.Context, known ...Head) (Head, error)
}

// Event is one entry of the record.
type Event struct {
	Number  int64 // from 1, growing
	At      time.Time
	By      string
	Kind    EventKind
	Subject string          // what it happened to; the kinds say whose id
	Detail  json.RawMessage // an object; the kinds say what is in it
	Chain   Chain           // over this event and all before it
}

// Chain is a SHA-256 over an event and the chain of the event before it.
type Chain [sha256.Size]byte

// Head is a place on the chain. Whoever keeps one somewhere else can tell whether
// the record of everything up to it is still the one that it was: who writes to the
// database could otherwise work out another chain from the beginning.
type Head struct {
	Number int64 // of an event; 0 before the first
	Chain  Chain // zero before the first
}

// ChainError says from where on the record of events can't be trusted.
type ChainError struct {
	Number int64 // of the first event that is wrong or missing
	Why    string
}

// Error names the event.
func (e *ChainError) Error() string { return fmt.Sprintf("event %d: %s", e.Number, e.Why) }

// Next returns the head behind an event that follows on this one. The hash is over
// the chain before, then number, time in microseconds since 1970, by, kind,
// subject and detail as netstrings: the length in bytes in decimal, a colon, the
// bytes, a comma. Numbers are in decimal, the detail is the text as it is kept.
func (h Head) Next(e Event) Head {
	text := append(make([]byte, 0, 512), h.Chain[:]...)
	text = netstrings(text, strconv.FormatInt(e.Number, 10), strconv.FormatInt(e.At.UnixMicro(), 10),
		e.By, string(e.Kind), e.Subject, string(e.Detail))
	return Head{e.Number, sha256.Sum256(text)}
}

// EventKind says what happened.
type EventKind string

// The kinds of event, with what Subject names and what Detail holds. Hashes of people
// and portraits, "before" and "after", are those of the person's [Salt].
const (
	EvidenceImported       EventKind = "evidence.imported"        // nothing; ImportResult, and "confirmed" if a mass change was
	PersonAdded            EventKind = "person.added"             // person; {"active", "after": hash}
	PersonChanged          EventKind = "person.changed"           // person; {"active", "changed": names of fields, "before", "after": hashes}
	PersonExported         EventKind = "person.exported"          // person; {"reason"}
	PersonErased           EventKind = "person.erased"            // person; {}
	PersonSuspended        EventKind = "person.suspended"         // person; {"cause", "reason"}
	PersonReinstated       EventKind = "person.reinstated"        // person; {"cause", "reason"}
	PortraitSet            EventKind = "portrait.set"             // person; {"replaced", "before", "after": hashes}; no "before" for the first
	PortraitRemoved        EventKind = "portrait.removed"         // person; {"before": hash}
	StandingChanged        EventKind = "standing.changed"         // person; {"before", "after": {"eligible", "access", "reasons": kinds}, "policy"}; no "before" the first time
	LadderStep             EventKind = "ladder.step"              // person; Step
	HoldAdded              EventKind = "hold.added"               // hold; {"person", "until"}
	HoldEnded              EventKind = "hold.ended"               // hold; {"person"}: before its time
	MessageQueued          EventKind = "message.queued"           // message; {"person", "kind", "channel", "to"}
	MessageDelivered       EventKind = "message.delivered"        // message; {"person", "attempt", "to", "instead"}
	MessageDropped         EventKind = "message.dropped"          // message; as above: nobody was there any more
	MessageDead            EventKind = "message.dead"             // message; as above: given up
	MessageHeld            EventKind = "message.held"             // message; as above: waits for an officer
	MessageResent          EventKind = "message.resent"           // message; {"person", "was"}
	CaseOpened             EventKind = "case.opened"              // case; {"person", "badge", "category"}
	CaseSuspended          EventKind = "case.suspended"           // case; {"person"}
	CaseReinstated         EventKind = "case.reinstated"          // case; {"person"}
	CaseClosed             EventKind = "case.closed"              // case; {"person", "outcome"}
	CaseReporterErased     EventKind = "reporter.erased"          // case; {"person"}
	PolicyActivated        EventKind = "policy.activated"         // the policy's digest; {"effective"}
	KeyWasPrepared         EventKind = "key.prepared"             // key; {"purpose"}
	KeyWasActivated        EventKind = "key.activated"            // key; {"purpose", "from", "to", "reason", "early"}; no "from" for one from before keys were kept
	KeyWasRetired          EventKind = "key.retired"              // key; {"purpose", "from", "to", "reason"}
	KeyWasRemoved          EventKind = "key.removed"              // key; as above
	KeyWasTainted          EventKind = "key.tainted"              // key; as above
	KeyWasRevoked          EventKind = "key.revoked"              // key; as above
	BundleExported         EventKind = "bundle.exported"          // customer, empty for anybody; {"expires", "lists", "portraits"}; the number of the event is the bundle's
	RecordsPurged          EventKind = "records.purged"           // nothing; PurgeResult
	ListCreated            EventKind = "list.created"             // list; {"size"}
	BadgePrepared          EventKind = "badge.prepared"           // badge; {"person", "list", "index", "expires"}
	BadgeIssued            EventKind = "badge.issued"             // badge; {"person", "sha256"}
	BadgeStatus            EventKind = "badge.status"             // badge; {"person", "from", "to", "reason", "causes"}
	BadgeCauses            EventKind = "badge.causes"             // badge; {"person", "causes", "reason"}: the status stayed
	EnrolmentInvited       EventKind = "enrolment.invited"        // enrolment; {"person", "expires"}
	EnrolmentRedeemed      EventKind = "enrolment.redeemed"       // enrolment; {"person", "key"}
	EnrolmentRefused       EventKind = "enrolment.refused"        // enrolment; {"person", "attempts_left"}
	EnrolmentEnded         EventKind = "enrolment.ended"          // enrolment; {"person", "reason"}
	EnrolmentDelivered     EventKind = "enrolment.delivered"      // enrolment; {"person", "delivery", "badges"}
	EnrolmentNotified      EventKind = "enrolment.notified"       // enrolment; {"person", "delivery", "event"}
	TokenAdded             EventKind = "token.added"              // token; {"scopes", "expires"}
	TokenRevoked           EventKind = "token.revoked"            // token; {}
	OfficerChanged         EventKind = "officer.changed"          // officer; {"from", "to"}: roles
	OfficerSignedIn        EventKind = "officer.signed_in"        // officer; {"role"}
	OfficerSignedOut       EventKind = "officer.signed_out"       // officer; {"sessions"}: how many ended
	ProposalOpened         EventKind = "proposal.opened"          // proposal; {"kind", "sha256": of the payload, "reason", "expires"}
	ProposalApproved       EventKind = "proposal.approved"        // proposal; {"note"}
	ProposalRejected       EventKind = "proposal.rejected"        // proposal; {"note"}
	ProposalWithdrawn      EventKind = "proposal.withdrawn"       // proposal; {"note"}
	ProposalExecuted       EventKind = "proposal.executed"        // proposal; {"failure"}: empty
	ProposalFailed         EventKind = "proposal.failed"          // proposal; {"failure"}
	SignalReceiverAdded    EventKind = "signal.receiver_added"    // receiver; {"audience", "algorithm", "events", "everybody", "badges"}
	SignalReceiverRemoved  EventKind = "signal.receiver_removed"  // receiver; {}
	SignalStreamAdded      EventKind = "signal.stream_added"      // stream; {"receiver", "method", "host", "delivered"}
	SignalStreamConfigured EventKind = "signal.stream_configured" // stream; as above
	SignalStreamStatus     EventKind = "signal.stream_status"     // stream; {"receiver", "from", "to", "given_up"}
	SignalStreamRemoved    EventKind = "signal.stream_removed"    // stream; {"receiver", "given_up"}
	SignalsRequeued        EventKind = "signal.requeued"          // stream; {"receiver", "signals"}
)

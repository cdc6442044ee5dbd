package store

import (
	"context"
	"encoding/json"
	"time"
)

// EventReader answers who did what. Events are written by the methods that
// change something, in the same transaction, and by nothing else; the engine
// refuses to change or remove one.
type EventReader interface {
	// Events returns at most limit events in the order in which they happened,
	// beginning behind the event number after; 0 begins at the start. Fewer than
	// limit means the end. limit is 1 to MaxPage, else ErrInvalid.
	Events(ctx context.Context, after int64, limit int) ([]Event, error)
}

// Event is one entry of the record.
type Event struct {
	Number  int64 // from 1, growing
	At      time.Time
	By      string
	Kind    EventKind
	Subject string          // what it happened to; the kinds say whose id
	Detail  json.RawMessage // an object; the kinds say what is in it
}

// EventKind says what happened.
type EventKind string

// The kinds of event, with what Subject names and what Detail holds.
const (
	EvidenceImported   EventKind = "evidence.imported"   // nothing; ImportResult
	PersonAdded        EventKind = "person.added"        // person; {"active"}
	PersonChanged      EventKind = "person.changed"      // person; {"active", "changed": names of fields}
	PortraitSet        EventKind = "portrait.set"        // person; {"replaced"}
	PortraitRemoved    EventKind = "portrait.removed"    // person; {}
	ListCreated        EventKind = "list.created"        // list; {"size"}
	BadgePrepared      EventKind = "badge.prepared"      // badge; {"person", "list", "index", "expires"}
	BadgeIssued        EventKind = "badge.issued"        // badge; {"person", "sha256"}
	BadgeStatus        EventKind = "badge.status"        // badge; {"person", "from", "to", "reason"}
	EnrolmentInvited   EventKind = "enrolment.invited"   // enrolment; {"person", "expires"}
	EnrolmentRedeemed  EventKind = "enrolment.redeemed"  // enrolment; {"person", "key"}
	EnrolmentRefused   EventKind = "enrolment.refused"   // enrolment; {"person", "attempts_left"}
	EnrolmentEnded     EventKind = "enrolment.ended"     // enrolment; {"person", "reason"}
	EnrolmentDelivered EventKind = "enrolment.delivered" // enrolment; {"person", "delivery", "badges"}
	EnrolmentNotified  EventKind = "enrolment.notified"  // enrolment; {"person", "delivery", "event"}
	TokenAdded         EventKind = "token.added"         // token; {"scopes", "expires"}
	TokenRevoked       EventKind = "token.revoked"       // token; {}
)

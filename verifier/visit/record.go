package visit

import (
	"context"
	"time"
)

// Bounds of what a gate sends.
const (
	MaxRecords = 100             // in one call of Keep
	MaxAhead   = 5 * time.Minute // how far a gate's clock may be ahead
	MaxID      = 64              // characters of an ID: letters, digits, "-" and "_"
	MaxText    = 1024            // bytes of every other text; more than a badge of ours has room for
)

// Event is what happened.
type Event string

// The events.
const (
	Admitted Event = "admitted"
	Refused  Event = "refused"
	Left     Event = "left"
)

// PhotoMismatch is the reason of a refusal by the guard, not by the verifier:
// the badge was good and somebody else showed it.
const PhotoMismatch = "photo_mismatch"

// Record is one line of the register, as a gate sends it.
type Record struct {
	ID             string    `json:"id"` // random, at most MaxID characters
	At             time.Time `json:"at"` // by the gate's clock; kept to the millisecond
	Event          Event     `json:"event"`
	Reason         string    `json:"reason,omitempty"` // a verifier.Reason, or PhotoMismatch; required of refusals
	Code           string    `json:"code,omitempty"`   // a code.Code that a verifier gives
	Offline        bool      `json:"offline,omitempty"`
	Again          bool      `json:"again,omitempty"`    // as in the decision
	Decision       string    `json:"decision,omitempty"` // its ID
	StatusIssuedAt time.Time `json:"status_issued_at,omitzero"`
	Visit          string    `json:"visit,omitempty"` // of a check-out by hand: the ID of the visit
	Badge          *Badge    `json:"badge,omitempty"` // required of admissions, and of check-outs without Visit
}

// Badge is what the register keeps of a verified badge.
type Badge struct {
	Issuer       string    `json:"issuer"`
	Subject      string    `json:"subject"` // with Issuer the person
	StatusList   string    `json:"status_list,omitempty"`
	Index        uint64    `json:"index"`
	GivenName    string    `json:"given_name,omitempty"`
	FamilyName   string    `json:"family_name,omitempty"`
	Organization string    `json:"organization,omitempty"`
	Role         string    `json:"role,omitempty"`
	Expires      time.Time `json:"expires,omitzero"` // required of admissions
}

// Origin is where records come from. It is the pairing's word, not the gate's.
type Origin struct {
	Gate     string // id of the gate, or a word for what is not one, such as "office"; required
	GateName string
	Site     string
}

// Result is what became of a record.
type Result string

// The results. After each of them the gate is done with the record.
const (
	Kept     Result = "kept"
	Already  Result = "already" // a record of this ID was kept before
	Rejected Result = "refused" // it would never be kept; Detail says why
)

// Outcome is the answer to one record.
type Outcome struct {
	ID     string `json:"id"`
	Result Result `json:"result"`
	Detail string `json:"detail,omitempty"` // for engineers; quotes no text of the record
}

// Presence is one person on site.
type Presence struct {
	Visit    string    `json:"visit"` // ID of the record that began it
	Since    time.Time `json:"since"`
	GateName string    `json:"gate"` // where it began
	Badge    Badge     `json:"badge"`
	Overdue  bool      `json:"overdue"` // the badge has expired since
}

// Entry is a record as it is kept: with where it came from, and without what is
// not written.
type Entry struct {
	Record
	Origin
	// VisitAt is, in a check-out by hand, when the admission that Visit names
	// took place; zero as long as no such admission at that site is known. Only
	// the store sets it, and with it issuer and subject of Badge.
	VisitAt time.Time
}

// Stay is a visit that has not ended.
type Stay struct {
	Visit    string
	Since    time.Time
	GateName string
	Badge    Badge // of the latest admission
}

// Cursor is a place in the order of the register: by time, then by ID. Its zero
// value is before the first record.
type Cursor struct {
	At time.Time
	ID string
}

// Store keeps entries. Every method is one transaction, durable when it returns
// nil, and safe for concurrent use, also by other processes. Times come back in
// UTC, to the millisecond.
type Store interface {
	// AddRecords adds the entries whose ID is new and reports which those were.
	// It ties check-outs by hand to their admissions, whichever came first, and
	// makes the stay of every person touched at that site what Settle says of all
	// entries of that person there.
	AddRecords(ctx context.Context, entries []Entry) (added []bool, err error)
	// KnownRecords reports which IDs the register has.
	KnownRecords(ctx context.Context, ids []string) (known []bool, err error)
	// Stays returns the stays at a site, by Since, then Visit.
	Stays(ctx context.Context, site string) ([]Stay, error)
	// RecordsBetween returns up to limit entries of a site from an instant to
	// before another, those after the cursor, in its order. The badge of a
	// check-out by hand is the admission's, as far as that is still kept.
	RecordsBetween(ctx context.Context, site string, from, to time.Time, after Cursor, limit int) ([]Entry, error)
	// ForgetRecords removes, beyond recovery, the entries that count before an
	// instant (see Entry.CountsAt), makes the stays that began before it what
	// Settle says of what is left, and returns how many entries it removed.
	ForgetRecords(ctx context.Context, before time.Time) (int, error)
}

package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// PrivacyWriter tells people what is kept of them, and forgets them.
type PrivacyWriter interface {
	// ExportPerson returns all that is kept of one person, and records who had it and
	// why; the event is not in the export. ErrNotFound for somebody who was never
	// known; of somebody who was erased it returns what stayed.
	ExportPerson(ctx context.Context, r ExportRequest) (PersonExport, error)

	// ErasePerson forgets a person: names, contact data, portrait, evidence,
	// standing, holds, cases and what messages said, the salt of the hashes in events,
	// and in groups the membership and every text that has their full name, user name
	// or mail address. Badges are revoked and the enrolment ends in the same
	// transaction. What stays, under the opaque id alone, are badges, which other sites
	// may still be shown, events, and orders for devices that are not done yet. Of the
	// identifiers stay marks (see [Mark]), which know evidence of the person when it
	// comes again. The person is then unknown to every other method.
	//
	// An import that has the person as inactive leaves them erased; one that has
	// them as active begins anew. Unknown and erased people are ErrNotFound.
	//
	// What it can't reach: copies of the database, what was exported, logs and messages
	// that were sent, the words of proposals, a group that is named by part of a name,
	// and what the source itself keeps, which a directory that still has the person as
	// active sends again.
	ErasePerson(ctx context.Context, e Erasure) error

	// Purge deletes what has been over for longer than the retention allows: at most
	// MaxPurge records of each kind at once; repeat it while More is set. Events are
	// kept.
	Purge(ctx context.Context, r PurgeRequest) (PurgeResult, error)
}

// ExportRequest asks for what is kept of one person.
type ExportRequest struct {
	PersonID string
	By       string
	Reason   string // why, kept for good: no names
	At       time.Time
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r ExportRequest) Validate() error {
	c := checker{of: fmt.Sprintf("export of person %.64q", r.PersonID)}
	c.required("person", r.PersonID)
	c.required("by", r.By)
	c.required("reason", r.Reason)
	c.requiredTime("at", r.At)
	return c.err
}

// Erasure asks for a person to be forgotten.
type Erasure struct {
	PersonID string
	By       string
	Mark     Mark
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (e Erasure) Validate() error {
	c := checker{of: fmt.Sprintf("erasure of person %.64q", e.PersonID)}
	c.required("person", e.PersonID)
	c.required("by", e.By)
	if e.Mark == nil {
		c.fail("there is no mark to remember it by")
	}
	return c.err
}

// Mark makes of an identifier what is remembered of it after its person was erased: a
// hash under a key that the store does not have, since there are so few employee
// numbers that any other hash of one could be guessed. It must be a pure function, and
// always the same: under another key nobody is known to be erased. It is called inside
// transactions.
//
// The identifiers of a person are [Identifiers].
type Mark func(identifier string) [sha256.Size]byte

// Identifiers returns what evidence may name a person by, each once, folded (see
// [Fold]): id, external id, user name, mail address and employee number.
func Identifiers(p evidence.Person) []string {
	var all []string
	for _, identifier := range []string{p.ID, p.ExternalID, p.UserName, p.Email, p.EmployeeNumber} {
		if folded := Fold(identifier); folded != "" && !slices.Contains(all, folded) {
			all = append(all, folded)
		}
	}
	return all
}

// MaxPurge is how many records of one kind are deleted in one transaction.
const MaxPurge = 5000

// Bounds and defaults of [Retention].
const (
	MinRetention = 24 * time.Hour
	MaxRetention = 10 * 366 * 24 * time.Hour

	DefaultKeepEvidence   = 2 * 366 * 24 * time.Hour
	DefaultKeepMessages   = 180 * 24 * time.Hour
	DefaultKeepEnrolments = 180 * 24 * time.Hour
	DefaultKeepTokens     = 366 * 24 * time.Hour
	DefaultKeepCases      = 366 * 24 * time.Hour
)

// Retention says how long what is over is kept. A record that has been over for
// exactly as long is still kept. Zero is the default of each.
type Retention struct {
	Evidence   time.Duration // training, from when it was superseded by a later success in the same course
	Messages   time.Duration // from when they were delivered, or dropped because nobody was there any more
	Enrolments time.Duration // from their end, or from when they could not be used any more
	Tokens     time.Duration // API tokens, from when they were revoked or expired
	Cases      time.Duration // from when they were closed; none on which somebody is still suspended
}

// Complete returns the retention with its defaults in, or [ErrInvalid] with
// everything that is wrong with it.
func (r Retention) Complete() (Retention, error) {
	var problems []error
	for _, f := range []struct {
		name  string
		value *time.Duration
		keep  time.Duration
	}{
		{"evidence", &r.Evidence, DefaultKeepEvidence}, {"messages", &r.Messages, DefaultKeepMessages},
		{"enrolments", &r.Enrolments, DefaultKeepEnrolments}, {"tokens", &r.Tokens, DefaultKeepTokens},
		{"cases", &r.Cases, DefaultKeepCases},
	} {
		if *f.value == 0 {
			*f.value = f.keep
		}
		if *f.value < MinRetention || *f.value > MaxRetention {
			problems = append(problems, fmt.Errorf("store: %w: retention of %s is %s, use %s to %s", ErrInvalid, f.name, *f.value, MinRetention, MaxRetention))
		}
	}
	return r, errors.Join(problems...)
}

// PurgeRequest asks for old records to be deleted.
type PurgeRequest struct {
	Retention Retention
	At        time.Time
	By        string
}

// PurgeResult counts what was deleted.
type PurgeResult struct {
	Training   int  `json:"training"`
	Messages   int  `json:"messages"`
	Enrolments int  `json:"enrolments"`
	Tokens     int  `json:"tokens"`
	Cases      int  `json:"cases"`
	Spent      int  `json:"spent"` // one-time values, which are kept no longer than their age allows
	More       bool `json:"-"`     // of one kind there is more
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r PurgeRequest) Validate() error {
	c := checker{of: "purge"}
	c.required("by", r.By)
	c.requiredTime("at", r.At)
	if c.err != nil {
		return c.err
	}
	_, err := r.Retention.Complete()
	return err
}

// PersonExport is all that is kept of one person, as JSON.
type PersonExport struct {
	ID          string            `json:"id"`
	ErasedAt    time.Time         `json:"erased_at,omitzero"`
	Person      json.RawMessage   `json:"person,omitempty"` // the columns of the record by name, and the salt
	Portrait    *ExportedPortrait `json:"portrait,omitempty"`
	Standing    json.RawMessage   `json:"standing,omitempty"`
	Training    []json.RawMessage `json:"training"`
	Devices     []json.RawMessage `json:"devices"`
	Holds       []json.RawMessage `json:"holds"`
	Suspensions []json.RawMessage `json:"suspensions"`
	Badges      []json.RawMessage `json:"badges"`
	Enrolments  []json.RawMessage `json:"enrolments"`
	Messages    []json.RawMessage `json:"messages"`
	Cases       []json.RawMessage `json:"cases"` // without who raised them
	Events      []json.RawMessage `json:"events"`
}

// ExportedPortrait is a picture in an export.
type ExportedPortrait struct {
	MediaType string `json:"media_type"`
	Bytes     []byte `json:"bytes"` // base64 in JSON
}

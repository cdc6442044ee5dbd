package store

import (
	"errors"
	"io"
)

// Errors that callers match with errors.Is. The text around them says which
// record is meant and what to do.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyExists: a record with this identity is there already.
	ErrAlreadyExists = errors.New("already exists")
	// ErrConflict: the record is not in the state that the change starts from,
	// or the change would break a rule between records.
	ErrConflict = errors.New("conflict")
	// ErrFinal: the badge is invalid, and a revoked badge cannot come back.
	ErrFinal = errors.New("revocation is final")
	// ErrSuspended: the person is suspended and gets no badge.
	ErrSuspended = errors.New("the person is suspended")
	// ErrListFull: no status list has a free index and no further list may begin.
	ErrListFull = errors.New("status lists are full")
	// ErrInvalid: an argument breaks a rule of this package.
	ErrInvalid = errors.New("invalid")
	// ErrUncertain: the change may or may not have been made.
	ErrUncertain = errors.New("outcome unknown, read it back")
	// ErrUnavailable: the database cannot answer now, for example because the
	// disk is full. Nothing was changed unless the error is ErrUncertain, too.
	ErrUnavailable = errors.New("store unavailable")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store is closed")
)

// Reader is everything that can be asked.
type Reader interface {
	EvidenceReader
	SourceReader
	DirectoryReader
	GroupReader
	PortraitReader
	ListReader
	BadgeReader
	EnrolmentReader
	TokenReader
	TokenUseReader
	OfficerReader
	SessionReader
	ProposalReader
	EventReader
	StandingReader
	HoldReader
	MessageReader
	PolicyReader
	KeyReader
	CaseReader
	CountReader
	SignalReader
}

// Writer is everything that can be changed.
type Writer interface {
	EvidenceWriter
	SourceWriter
	GroupWriter
	PortraitWriter
	ListWriter
	BadgeWriter
	EnrolmentWriter
	TokenWriter
	TokenUseWriter
	OfficerWriter
	SessionWriter
	ProposalWriter
	StandingWriter
	HoldWriter
	MessageWriter
	PolicyWriter
	KeyWriter
	BundleWriter
	CaseWriter
	PrivacyWriter
	SignalWriter
}

// Store is the whole store. Close waits for the writes that have begun, fails
// those that come after it with [ErrClosed], and may be called more than once.
type Store interface {
	Reader
	Writer
	ListWatcher
	SignalWatcher
	io.Closer
}

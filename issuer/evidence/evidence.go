package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Origin says which system a record comes from and what that system calls it.
// The pair is unique within one kind of record.
type Origin struct {
	Source string // the sending system, for example "https://hr.vendor.example" or "graph"
	ID     string // the source's own identifier of the record
}

// Hash is the SHA-256 of a record's own bytes, as its source sent them. It shows
// later, without keeping them, what was received. The zero Hash is none.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Person is somebody the program covers.
type Person struct {
	ID             string // stable within the program: the identity provider's id (SCIM "id")
	ExternalID     string // the employer's own identifier (SCIM "externalId"); unique; training records name it
	UserName       string
	Active         bool // employed and covered by the program
	Role           string
	GivenName      string
	FamilyName     string
	DisplayName    string
	Email          string
	Language       string // BCP 47, as the source wrote it
	EmployeeNumber string
	Organization   string
	Department     string
	ManagerID      string    // Person.ID of the manager; empty when unknown
	Modified       time.Time // as the source says; zero when it does not
}

// Outcome is what a training record reports.
type Outcome string

// The outcomes that a training record can report.
const (
	Passed    Outcome = "passed"
	Completed Outcome = "completed"
	Failed    Outcome = "failed"
)

// Training is one attempt of one person at one course.
type Training struct {
	Origin           Origin
	PersonExternalID string
	Course           string // the course's short code, for example "CB-101"
	Outcome          Outcome
	At               time.Time // when the attempt ended
	Received         time.Time // when the source recorded it; zero when unknown
}

// Compliance is a device manager's own verdict on a device. It is kept as the
// source spells it; the policy says which values are good enough.
type Compliance string

// Device is the last report about one managed device.
type Device struct {
	Origin     Origin
	PersonID   string // Person.ID of the user it is assigned to; empty when nobody's
	Name       string
	OS         string // as the source spells it, for example "Windows" or "macOS"
	OSVersion  string // dotted numbers, for example "10.0.22631.4429"
	Compliance Compliance
	Encrypted  bool
	LastSeen   time.Time // when the device last reported
	Serial     string
}

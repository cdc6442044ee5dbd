package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Kind is what is wrong. The set is closed and its texts are stable.
type Kind string

// The kinds of reason, and what their subject is.
const (
	NotEmployed        Kind = "not-employed"        // no subject
	TrainingMissing    Kind = "training-missing"    // the course's code
	TrainingExpired    Kind = "training-expired"    // the course's code
	DeviceMissing      Kind = "device-missing"      // no subject
	DeviceNoncompliant Kind = "device-noncompliant" // the source's own id of the device, here and below
	DeviceUnencrypted  Kind = "device-unencrypted"
	DeviceOutdated     Kind = "device-os-outdated"
	DeviceStale        Kind = "device-stale"
	RoleExcluded       Kind = "role-excluded" // the person's role: every access is closed to it
)

// Reason is one thing that keeps a person from being eligible.
type Reason struct {
	Kind    Kind
	Subject string
}

// String returns the stable form "kind" or "kind:subject", for example
// "training-expired:CB-101".
func (r Reason) String() string {
	if r.Subject == "" {
		return string(r.Kind)
	}
	return string(r.Kind) + ":" + r.Subject
}

// compareReasons orders reasons as the bytes of their text do. It needs no text
// for that, because no kind is the beginning of another.
func compareReasons(a, b Reason) int {
	return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Subject, b.Subject))
}

// sortReasons puts reasons in the order that [Standing] promises, each once.
func sortReasons(reasons []Reason) []Reason {
	slices.SortFunc(reasons, compareReasons)
	return slices.Compact(reasons)
}

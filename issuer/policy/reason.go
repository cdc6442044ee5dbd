package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Kind is what is wrong. The set is closed and its texts are stable.
type Kind string

// The kinds of reason, what their subject is, and their instant where there is
// one.
const (
	NotEmployed        Kind = "not-employed"        // no subject
	TrainingMissing    Kind = "training-missing"    // the course's code
	TrainingExpired    Kind = "training-expired"    // the course's code; when it expired
	DeviceMissing      Kind = "device-missing"      // no subject
	DeviceNoncompliant Kind = "device-noncompliant" // the source's own id of the device, here and below; its last report
	DeviceUnencrypted  Kind = "device-unencrypted"  // its last report
	DeviceOutdated     Kind = "device-os-outdated"  // its last report
	DeviceStale        Kind = "device-stale"        // when its last report became too old
	RoleExcluded       Kind = "role-excluded"       // the person's role: every access is closed to it
	RuleUnmet          Kind = "rule-unmet"          // the rule's name
	RuleFailed         Kind = "rule-failed"         // the name of a rule that could not be worked out, and so counts as unmet
)

// Reason is one thing that keeps a person from being eligible.
type Reason struct {
	Kind    Kind
	Subject string
	At      time.Time // see the kinds; zero where nothing is known
}

// String returns the stable form "kind" or "kind:subject", for example
// "training-expired:CB-101". The instant is not in it.
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

// sameText reports whether two reasons differ in nothing but their instant.
func sameText(a, b Reason) bool { return a.Kind == b.Kind && a.Subject == b.Subject }

// sortReasons puts reasons in the order that [Standing] promises, each text once
// and with its earliest instant.
func sortReasons(reasons []Reason) []Reason {
	slices.SortFunc(reasons, func(a, b Reason) int { return cmp.Or(compareReasons(a, b), a.At.Compare(b.At)) })
	return slices.CompactFunc(reasons, sameText)
}

package signal

import (
	"crypto/rand"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Types of events.
const (
	CredentialChange       = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
	SessionRevoked         = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	DeviceComplianceChange = "https://schemas.openid.net/secevent/caep/event-type/device-compliance-change"

	// These are about the stream itself, and on every one.
	Verification  = "https://schemas.openid.net/secevent/ssf/event-type/verification"
	StreamUpdated = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated"
)

// Types returns the types that a receiver can be registered for.
func Types() []string { return []string{CredentialChange, SessionRevoked, DeviceComplianceChange} }

// Change is what a credential-change says was done (CAEP, section 3.3).
type Change string

// The changes.
const (
	Revoke Change = "revoke" // for good
	Update Change = "update" // suspended, or not any more
	Delete Change = "delete" // no phone has it: it was replaced, deleted or lost on the way
)

// Entity is who or what began a change (CAEP, section 2).
type Entity string

// The entities.
const (
	Admin  Entity = "admin"
	User   Entity = "user"
	Policy Entity = "policy"
	System Entity = "system"
)

// Origin is where an event comes from.
type Origin struct {
	At     time.Time
	Entity Entity
	Reason string // in English, for the receiver's administrator: no names, no evidence
}

// members are what every event of CAEP may have. Some receivers refuse an event
// without a reason.
func (o Origin) members() map[string]any {
	return map[string]any{
		"event_timestamp":   o.At.Unix(),
		"initiating_entity": string(o.Entity),
		"reason_admin":      map[string]string{"en": o.Reason},
	}
}

// NewCredentialChange is a change of a badge.
func NewCredentialChange(o Origin, change Change) map[string]any {
	event := o.members()
	event["credential_type"] = "verifiable-credential"
	event["change_type"] = string(change)
	return event
}

// NewSessionRevoked asks for the end of what was granted to a person.
func NewSessionRevoked(o Origin) map[string]any { return o.members() }

// NewDeviceComplianceChange tells whether what a person's devices report is good
// enough.
func NewDeviceComplianceChange(o Origin, before, after bool) map[string]any {
	status := map[bool]string{true: "compliant", false: "not-compliant"}
	event := o.members()
	event["previous_status"] = status[before]
	event["current_status"] = status[after]
	return event
}

// Badge is the member of our own that names one badge as status lists do.
func Badge(uri string, index uint32, status store.Status) map[string]any {
	return map[string]any{"badge": map[string]any{"status_list": uri, "index": index, "status": string(status)}}
}

// verification is the event that a receiver asked for.
func verification(state string, given bool) store.Signal {
	event := map[string]any{}
	if given {
		event["state"] = state
	}
	return store.Signal{Type: Verification, Cause: rand.Text(), Event: event}
}

// streamUpdated tells a receiver what the office did with its stream.
func streamUpdated(to store.SignalStatus, reason string) store.Signal {
	event := map[string]any{"status": string(to)}
	if reason != "" {
		event["reason"] = reason
	}
	return store.Signal{Type: StreamUpdated, Cause: rand.Text(), Event: event}
}

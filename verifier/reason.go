package verifier

import "github.com/cyberbadge/cyberbadge/credential/code"

// Reason is why a decision is what it is, as people and policies need it. The
// set is closed and its values are stable.
type Reason string

// The reasons.
const (
	OK                   Reason = "ok"
	Malformed            Reason = "malformed"
	Unsupported          Reason = "unsupported"
	UntrustedIssuer      Reason = "untrusted_issuer"
	UnknownKey           Reason = "unknown_key"
	BadSignature         Reason = "bad_signature"
	BadDisclosure        Reason = "bad_disclosure"
	Expired              Reason = "expired"
	NotYetValid          Reason = "not_yet_valid"
	HolderBindingMissing Reason = "holder_binding_missing"
	HolderBindingInvalid Reason = "holder_binding_invalid"
	StalePresentation    Reason = "stale_presentation"
	Replayed             Reason = "replayed"
	Revoked              Reason = "revoked"
	Suspended            Reason = "suspended"
	StatusUnavailable    Reason = "status_unavailable"
	StatusStale          Reason = "status_stale"
	AccessNotGranted     Reason = "access_not_granted"
	PolicyDenied         Reason = "policy_denied"
	InternalError        Reason = "internal_error"
)

var reasons = map[code.Code]Reason{
	code.TokenTooLarge:     Malformed,
	code.FrameTooLarge:     Malformed,
	code.FrameMalformed:    Malformed,
	code.TokenMalformed:    Malformed,
	code.SignatureMissing:  Malformed,
	code.JSONInvalid:       Malformed,
	code.JSONDuplicateName: Malformed,
	code.JSONTooDeep:       Malformed,
	code.HeaderType:        Malformed,
	code.ClaimMissing:      Malformed,
	code.ClaimType:         Malformed,
	code.ClaimTimeInvalid:  Malformed,

	code.HeaderForbidden:   Unsupported,
	code.AlgNotAllowed:     Unsupported,
	code.TypMismatch:       Unsupported,
	code.CritUnsupported:   Unsupported,
	code.SDAlgUnsupported:  Unsupported,
	code.StatusUnsupported: Unsupported,

	code.IssuerUntrusted: UntrustedIssuer,
	code.TypeNotAccepted: UntrustedIssuer,

	code.KeyUnknown:      UnknownKey,
	code.KeyAmbiguous:    UnknownKey,
	code.KeyNotForIssuer: UnknownKey,
	code.KeyTypeMismatch: UnknownKey,
	code.KeyRetired:      UnknownKey,
	code.KeyRevoked:      UnknownKey,

	code.SignatureInvalid: BadSignature,

	code.SDDisclosureMalformed:    BadDisclosure,
	code.SDDisclosureUnreferenced: BadDisclosure,
	code.SDDigestDuplicate:        BadDisclosure,
	code.SDClaimForbidden:         BadDisclosure,
	code.SDClaimCollision:         BadDisclosure,

	code.BadgeExpired:          Expired,
	code.BadgeNotYetValid:      NotYetValid,
	code.BadgeLifetimeExceeded: PolicyDenied,

	code.ProofMissing:          HolderBindingMissing,
	code.ProofKeyMissing:       HolderBindingMissing,
	code.ProofKeyInvalid:       HolderBindingInvalid,
	code.ProofSignatureInvalid: HolderBindingInvalid,
	code.ProofAudience:         HolderBindingInvalid,
	code.ProofNonce:            HolderBindingInvalid,
	code.ProofHash:             HolderBindingInvalid,
	code.ProofTime:             StalePresentation,
	code.ProofReplayed:         Replayed,

	code.StatusMissing:          StatusUnavailable,
	code.StatusURINotAllowed:    StatusUnavailable,
	code.StatusUnavailable:      StatusUnavailable,
	code.StatusTooLarge:         StatusUnavailable,
	code.StatusEncoding:         StatusUnavailable,
	code.StatusSignatureInvalid: StatusUnavailable,
	code.StatusSubMismatch:      StatusUnavailable,
	code.StatusRollback:         StatusUnavailable,
	code.StatusIndexOutOfRange:  StatusUnavailable,
	code.StatusUnknownValue:     StatusUnavailable,
	code.ClockUntrusted:         StatusUnavailable,
	code.StatusStale:            StatusStale,
	code.StatusSuspended:        Suspended,
	code.StatusRevoked:          Revoked,
	code.StatusEquivocation:     StatusUnavailable,
	code.StatusSignalled:        Revoked, // for a signal that says suspended, Suspended
	code.BundleStale:            StatusStale,

	code.BadgeSuperseded: Revoked,
	code.TypeStopped:     Revoked,

	code.ClaimAudience:    PolicyDenied,
	code.AccessNotGranted: AccessNotGranted,
	code.ClaimPolicy:      PolicyDenied,
}

// ReasonFor returns the reason that a code belongs to: [OK] for the empty code,
// [InternalError] for one that no decision gives.
func ReasonFor(c code.Code) Reason {
	if c == "" {
		return OK
	}
	if r, known := reasons[c]; known {
		return r
	}
	return InternalError
}

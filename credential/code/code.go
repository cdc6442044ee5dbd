package code

import (
	"errors"
	"fmt"
)

// Code names the check that failed.
type Code string

// Size and shape.
const (
	TokenTooLarge    Code = "token_too_large"   // longer than the bound for its kind
	FrameTooLarge    Code = "frame_too_large"   // a gate code beyond a bound, before or while it is unpacked
	FrameMalformed   Code = "frame_malformed"   // not a gate code
	TokenMalformed   Code = "token_malformed"   // characters, segments or spelling that no encoder produces
	SignatureMissing Code = "signature_missing" // an empty signature
)

// Strict JSON, in headers, claims and disclosures alike.
const (
	JSONInvalid       Code = "json_invalid"
	JSONDuplicateName Code = "json_duplicate_name"
	JSONTooDeep       Code = "json_too_deep"
)

// The protected header.
const (
	HeaderType      Code = "jose_header_type"      // a member has the wrong JSON type or an impossible value
	HeaderForbidden Code = "jose_header_forbidden" // a member that this profile never has
	AlgNotAllowed   Code = "jose_alg_not_allowed"  // anything but ES256, spelled exactly so
	TypMismatch     Code = "jose_typ_mismatch"     // another kind of token
	CritUnsupported Code = "jose_crit_unsupported"
)

// The issuer, its key and its signature.
const (
	IssuerUntrusted  Code = "claim_iss_untrusted"
	TypeNotAccepted  Code = "vct_not_accepted" // the issuer is trusted, but not for this credential type
	KeyUnknown       Code = "key_unknown"
	KeyAmbiguous     Code = "key_ambiguous"      // no key id, and more than one key could be meant
	KeyNotForIssuer  Code = "key_not_for_issuer" // known, but not for this issuer or this purpose
	KeyTypeMismatch  Code = "key_type_mismatch"  // not a P-256 key fit for signatures
	KeyRetired       Code = "key_retired"        // signed after the key was taken out of use
	KeyRevoked       Code = "key_revoked"        // nothing under this key is believed any more
	SignatureInvalid Code = "signature_invalid"
)

// Claims.
const (
	ClaimMissing          Code = "claim_missing"
	ClaimType             Code = "claim_type"
	ClaimAudience         Code = "claim_aud_mismatch" // the badge is for other verifiers
	ClaimTimeInvalid      Code = "claim_time_invalid" // times that contradict each other
	BadgeExpired          Code = "badge_expired"
	BadgeNotYetValid      Code = "badge_not_yet_valid"
	BadgeLifetimeExceeded Code = "badge_lifetime_exceeded"
	BadgeSuperseded       Code = "badge_superseded" // issued before what its issuer still vouches for
	TypeStopped           Code = "type_stopped"     // its issuer switched the credential type off
)

// Selective disclosure (RFC 9901).
const (
	SDAlgUnsupported         Code = "sd_alg_unsupported"
	SDDisclosureMalformed    Code = "sd_disclosure_malformed"
	SDDisclosureUnreferenced Code = "sd_disclosure_unreferenced"
	SDDigestDuplicate        Code = "sd_digest_duplicate"
	SDClaimForbidden         Code = "sd_claim_forbidden"
	SDClaimCollision         Code = "sd_claim_collision"
)

// The holder's proof (key binding).
const (
	ProofMissing          Code = "kb_missing"
	ProofKeyMissing       Code = "kb_key_missing"
	ProofKeyInvalid       Code = "kb_key_invalid"
	ProofSignatureInvalid Code = "kb_signature_invalid"
	ProofAudience         Code = "kb_aud_mismatch"
	ProofNonce            Code = "kb_nonce_mismatch"
	ProofReplayed         Code = "kb_nonce_replayed"
	ProofTime             Code = "kb_iat_out_of_window"
	ProofHash             Code = "kb_sd_hash_mismatch"
)

// Status.
const (
	StatusMissing          Code = "status_missing"     // the badge names no status list
	StatusUnsupported      Code = "status_unsupported" // it names another mechanism only
	StatusURINotAllowed    Code = "status_uri_not_allowed"
	StatusUnavailable      Code = "status_unavailable"
	StatusTooLarge         Code = "status_too_large"
	StatusEncoding         Code = "status_encoding"
	StatusSignatureInvalid Code = "status_signature_invalid"
	StatusSubMismatch      Code = "status_sub_mismatch"
	StatusStale            Code = "status_stale"
	StatusRollback         Code = "status_rollback"
	StatusIndexOutOfRange  Code = "status_index_out_of_range"
	StatusUnknownValue     Code = "status_unknown_value"
	StatusSuspended        Code = "status_suspended"
	StatusRevoked          Code = "status_revoked"
	StatusEquivocation     Code = "status_equivocation" // two different lists of one issue time and number
	StatusSignalled        Code = "status_signalled"    // a signal denied it; no list has said so yet
)

// The bundle that a verifier runs from.
const (
	BundleInvalid  Code = "bundle_invalid"
	BundleStale    Code = "bundle_stale"      // past its time
	BundleRollback Code = "bundle_rollback"   // older than the one that is held
	BundleNotForUs Code = "bundle_not_for_us" // made for another customer
)

// The site's policy, the verifier's clock and the verifier itself.
const (
	AccessNotGranted Code = "access_not_granted" // the badge does not grant the access asked for
	ClaimPolicy      Code = "claim_policy"       // a role, course or organization that the site asks for is not shown
	ClockUntrusted   Code = "clock_untrusted"    // the verifier's clock is behind what it has seen signed
	Internal         Code = "internal_error"
)

// What an issuer refuses to sign.
const (
	ClaimNameInvalid  Code = "claim_name_invalid"
	ClaimValueInvalid Code = "claim_value_invalid"
)

// Error is a refusal: the code of the check that failed and a detail for
// engineers. The detail may quote what was refused, so it belongs in a log or
// in an answer to whoever sent the input, never on a guard's screen.
type Error struct {
	Code   Code
	Detail string
}

// Error implements the error interface: "code: detail".
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

// Refuse returns an [*Error]; the detail is formatted as fmt.Sprintf does.
func Refuse(c Code, format string, args ...any) error {
	if len(args) == 0 {
		return &Error{Code: c, Detail: format}
	}
	return &Error{Code: c, Detail: fmt.Sprintf(format, args...)}
}

// Of returns the code of the first [*Error] in err's tree, [Internal] for any
// other error, and the empty code for nil.
func Of(err error) Code {
	if err == nil {
		return ""
	}
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return Internal
}

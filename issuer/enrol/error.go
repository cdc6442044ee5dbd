package enrol

import "fmt"

// Code is an error code of OAuth 2.0 (RFC 6749, section 5.2), of DPoP (RFC 9449),
// of bearer tokens (RFC 6750, section 3.1) or of OpenID4VCI.
type Code string

// The codes.
const (
	InvalidRequest       Code = "invalid_request"
	InvalidGrant         Code = "invalid_grant"
	UnsupportedGrantType Code = "unsupported_grant_type"

	InvalidToken     Code = "invalid_token"
	InvalidDPoPProof Code = "invalid_dpop_proof"
	UseDPoPNonce     Code = "use_dpop_nonce"

	InvalidCredentialRequest       Code = "invalid_credential_request"
	UnknownCredentialConfiguration Code = "unknown_credential_configuration"
	UnknownCredentialIdentifier    Code = "unknown_credential_identifier"
	InvalidProof                   Code = "invalid_proof"
	InvalidNonce                   Code = "invalid_nonce"
	InvalidEncryptionParameters    Code = "invalid_encryption_parameters"
	CredentialRequestDenied        Code = "credential_request_denied"

	InvalidNotificationID      Code = "invalid_notification_id"
	InvalidNotificationRequest Code = "invalid_notification_request"
)

// Error is a refusal in the protocol's words. Errors of another type are the
// program's or the store's.
type Error struct {
	Code        Code
	Description string // for developers; holds no secret
	URI         string // where a person can put it right (error_uri of RFC 6749, section 5.2); may be empty
}

// Error implements the error interface.
func (e *Error) Error() string { return "enrol: " + string(e.Code) + ": " + e.Description }

func refuse(c Code, format string, args ...any) error {
	return &Error{Code: c, Description: fmt.Sprintf(format, args...)}
}

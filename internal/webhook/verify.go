package webhook

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far a request's time may be from now, either way. At exactly
// the tolerance it is still good.
const Tolerance = 5 * time.Minute

// Code says why a request is refused. The set is closed.
type Code string

// The codes of [Error].
const (
	CodeHeader    Code = "webhook_header_invalid"    // a header is missing, there twice or not as it must be
	CodeTime      Code = "webhook_time_out_of_range" // too old, or from the future
	CodeSignature Code = "webhook_signature_invalid" // of none of the secrets
	CodeReplayed  Code = "webhook_replayed"          // worked off before
	CodeBusy      Code = "webhook_busy"              // too many requests to remember; later is better
)

// Error is a request that is refused.
type Error struct {
	Code   Code
	Detail string
}

// Error implements the error interface.
func (e *Error) Error() string { return "webhook: " + string(e.Code) + ": " + e.Detail }

// CodeOf returns the code of the first [*Error] in err's tree, or "".
func CodeOf(err error) Code {
	var known *Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}

// Verified is what a good request says of itself.
type Verified struct {
	ID string
	At time.Time
}

// Verify judges a request by its headers and its body as it was received, byte
// for byte. It does not know whether the same request came before; [Receiver]
// does. Every refusal is an [*Error]; a wrong number of secrets is another error.
func Verify(secrets []Secret, header http.Header, body []byte, now time.Time) (Verified, error) {
	if err := checkSecrets(secrets); err != nil {
		return Verified{}, err
	}
	id, timestamp, signatures, err := read(header)
	if err != nil {
		return Verified{}, err
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	// Only one spelling of a number, because its text is what is signed.
	if err != nil || seconds < 0 || strconv.FormatInt(seconds, 10) != timestamp {
		return Verified{}, &Error{CodeHeader, "webhook-timestamp must be whole seconds since 1970"}
	}
	at := time.Unix(seconds, 0).UTC()
	if at.Before(now.Add(-Tolerance)) || at.After(now.Add(Tolerance)) {
		return Verified{}, &Error{CodeTime, fmt.Sprintf("webhook-timestamp is more than %s from now; check both clocks", Tolerance)}
	}
	if !matches(secrets, id, timestamp, signatures, body) {
		return Verified{}, &Error{CodeSignature, "no signature in webhook-signature is of a secret that is known here"}
	}
	return Verified{ID: id, At: at}, nil
}

// read returns the headers' values; what is there twice might be read one way
// here and another way by something in front.
func read(header http.Header) (id, timestamp string, signatures []string, err error) {
	values := make(map[string]string)
	for _, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		given := header.Values(name)
		if len(given) != 1 || given[0] == "" {
			return "", "", nil, &Error{CodeHeader, strings.ToLower(name) + " must be there once"}
		}
		values[name] = given[0]
	}
	if !goodID(values[HeaderID]) {
		return "", "", nil, &Error{CodeHeader, fmt.Sprintf("webhook-id must have 1 to %d visible ASCII characters and no full stop", MaxID)}
	}
	signatures = strings.SplitN(values[HeaderSignature], " ", MaxSignatures+1)
	if len(signatures) > MaxSignatures {
		return "", "", nil, &Error{CodeHeader, fmt.Sprintf("webhook-signature has more than %d signatures", MaxSignatures)}
	}
	return values[HeaderID], values[HeaderTimestamp], signatures, nil
}

// matches compares every signature with every secret, so that the time it takes
// does not tell which was close.
func matches(secrets []Secret, id, timestamp string, signatures []string, body []byte) bool {
	found := false
	for _, secret := range secrets {
		want := secret.mac(id, timestamp, body)
		for _, signature := range signatures {
			encoded, ok := strings.CutPrefix(signature, version+",")
			if !ok {
				continue // of another version, which is no error
			}
			got, err := base64.StdEncoding.Strict().DecodeString(encoded)
			if err == nil && hmac.Equal(got, want) {
				found = true
			}
		}
	}
	return found
}

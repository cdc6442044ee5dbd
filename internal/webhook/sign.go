package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers, in the form that http.Header keeps them.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Bounds of a request. The bound itself is allowed.
const (
	MaxID         = 128 // bytes of an id
	MaxSecrets    = 4   // that sign or verify one request
	MaxSignatures = 16  // in one header
)

const version = "v1"

// Sign returns the three headers for a body, with one signature for each secret.
// The id names the message, not the attempt: a repeated message keeps it. at is
// the attempt's time; seconds are kept.
func Sign(secrets []Secret, id string, at time.Time, body []byte) (http.Header, error) {
	if err := checkSecrets(secrets); err != nil {
		return nil, err
	}
	if !goodID(id) {
		return nil, fmt.Errorf("webhook: an id has 1 to %d visible ASCII characters and no full stop", MaxID)
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = version + "," + base64.StdEncoding.EncodeToString(secret.mac(id, timestamp, body))
	}
	return http.Header{
		HeaderID:        {id},
		HeaderTimestamp: {timestamp},
		HeaderSignature: {strings.Join(signatures, " ")},
	}, nil
}

func (s Secret) mac(id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

func checkSecrets(secrets []Secret) error {
	if len(secrets) == 0 || len(secrets) > MaxSecrets {
		return fmt.Errorf("webhook: there are %d secrets; there must be 1 to %d", len(secrets), MaxSecrets)
	}
	for _, secret := range secrets {
		if secret.IsZero() {
			return errors.New("webhook: a secret is empty")
		}
	}
	return nil
}

// goodID keeps out the full stop, which separates what is signed.
func goodID(id string) bool {
	if id == "" || len(id) > MaxID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '.' {
			return false
		}
	}
	return true
}
